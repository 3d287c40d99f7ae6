// The durable record of one mapping: what every destination has acknowledged, and what not.
#pragma once

#include "agent/state/acknowledgement.h"
#include "agent/state/dirty_rows.h"
#include "agent/state/entries.h"
#include "agent/state/meta.h"
#include "agent/state/sqlite.h"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::state {

// Invariants: a path has no dirty row of a destination, then that destination has the state that
// the index has (I1); a state is recorded in the transaction that makes rows for all destinations
// that may lack it (I5). So a crash at any instant re-sends, and never forgets.
//
// A commit survives a kill of the process at once; of the machine only after a checkpoint: opened
// after a boot without a close before it, the index counts as new.
//
// Not thread-safe; another connection may read meanwhile (index_reader.h). Every call throws
// DatabaseError.
class Index {
public:
    struct Opening {
        std::string sent_as;  // what the configuration says of what is sent: other words, new index
        std::vector<std::string> destinations;
        std::size_t dirty_max = 200'000;  // rows a destination; past it they become the whole tree
    };
    Index(const std::string& file, const Opening& opening);
    Index(const Index&) = delete;
    Index& operator=(const Index&) = delete;

    const std::string& file() const noexcept { return file_; }

    std::optional<std::string> source_identity();
    void set_source_identity(std::string_view identity);

    std::vector<DirtyRow> dirty(std::string_view destination);
    // Leaves those that have a row: not as part of a batch under way alone.
    void keep_open(std::string_view destination, std::vector<std::string>& paths);
    // When something of the destination became open, nothing having been before: what has changed
    // since then may be in no row of its own any more. None: it is new, and has had no whole
    // compare.
    std::optional<timespec> open_since(std::string_view destination);

    // Before anything of it is sent.
    void begin(std::string_view destination, const std::vector<DirtyRow>& rows);
    // Tells what the other destinations lack since.
    std::vector<Lacking> acknowledge(const Acknowledgement& acknowledgement);

    // The rows that are still as given lose their raciness: nothing has touched them since.
    void confirm(const std::vector<std::pair<std::string, Fingerprint>>& racy);

    // What was read into memory is read again when it is needed.
    void give_back_memory();

    // Everything is written and the file may be trusted after a reboot.
    void close();

private:
    void open_existing(const Opening& opening);
    void settle_destinations(const Opening& opening);
    std::int64_t id_of(std::string_view destination) const;

    std::string file_;
    Database database_;
    Meta meta_;
    Entries entries_;
    DirtyRows rows_;
    Destinations destinations_;
};

}  // namespace lockstep::state
