// Entries to file-list bytes, and the index each has once the peer has sorted them (PROTOCOL.md 11,
// 12).
#pragma once

#include "transport/id_names.h"
#include "transport/push_list.h"
#include "transport/wire.h"

#include <map>
#include <memory>

namespace lockstep::transport {

struct FlistForm {
    int protocol = 32;
    bool varint_flags = true;  // compat VARINT
    bool safe_end = true;      // compat SAFE_FLIST or protocol >= 31
    bool id0_names = true;     // compat ID0_NAMES
    bool links = true;
    bool owner = true;
    bool group = true;
    bool devices = true;
    bool specials = true;
    bool hard_links = false;
    bool acls = false;
    bool xattrs = false;
    bool numeric_ids = true;
    IdNames names;                   // without numeric_ids
    std::size_t checksum_bytes = 0;  // -c: length of the list digest; 0 without
};

// Encodes one list. add() in sending order, then end() once. With xattrs it remembers the sets it
// sent, for the requests of PROTOCOL.md 21.2. The digests of -c are handed in with the entry.
class FlistEncoder {
public:
    explicit FlistEncoder(FlistForm form);
    ~FlistEncoder();

    void add(const Entry& entry, Bytes& out, std::span<const std::byte> digest = {});
    // End mark, id lists with the names known for the ids that were sent, and for P < 30 the
    // io_error word.
    void end(int io_error, Bytes& out);

    // Value of the attribute with this 1-based number of the entry added as number
    // `entry_position`; null when the entry has none such. Valid until the encoder goes.
    const std::string* xattr_value(std::uint32_t entry_position, std::int32_t number) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Positions in `entries` in the order they are to be sent in: deletions first, so that each has the
// mode of the entry before it and need not say its own (PROTOCOL.md 19.1). Stable.
std::vector<std::uint32_t> sending_order(const std::vector<Entry>& entries);

// order[i] is the position in `entries` of the entry with index i at the receiver. Stable.
std::vector<std::uint32_t> sorted_order(const std::vector<Entry>& entries, int protocol);

}  // namespace lockstep::transport
