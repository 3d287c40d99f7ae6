// The durable record of one mapping: what every destination has acknowledged, and what not.
#pragma once

#include "agent/state/meta.h"
#include "agent/state/sightings.h"
#include "agent/state/sqlite.h"

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace lockstep::state {

// A path whose state at one destination is not the index's. `look` is the owner's, larger is
// closer; attributes_look leaves content to the receiver's judgement, subtree_look covers all
// below.
constexpr int attributes_look = 0;
constexpr int subtree_look = 4;
struct DirtyRow {
    std::string path;
    int look = 0;
    bool in_flight = false;  // a push of it was begun: it may have arrived, whole or not
    bool operator==(const DirtyRow&) const = default;
};

struct Acknowledgement {
    std::string destination;
    std::vector<DirtyRow> sent;   // as begun
    std::vector<DirtyRow> again;  // of these and of what stood in the list for their sake: did not
                                  // arrive
    Sightings sightings;          // the states that went
};

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
    ~Index();
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
    struct Lacking {
        std::string destination;
        std::string path;
        int look = 0;
        bool operator==(const Lacking&) const = default;
    };
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

    void begin_flight(std::int64_t destination, const std::vector<DirtyRow>& rows);
    bool is_flight(std::int64_t destination, const std::vector<DirtyRow>& rows) const;
    // Unless it arrived, what it holds becomes rows.
    void end_flight(std::int64_t destination, bool arrived);
    void add_dirty(std::int64_t destination, std::string_view path, int look, int in_flight);
    // Of what has been open for longer: since when stays as it was noted.
    void add_row(std::int64_t destination, std::string_view path, int look, int in_flight);
    void note_open(std::int64_t destination);
    void clear_dirty(std::int64_t destination, const DirtyRow& row);
    using Failed = std::unordered_set<std::string>;
    void clear_sent(std::int64_t destination, const Acknowledgement& acknowledgement,
                    const Failed& failed);
    void clear_own(std::int64_t destination, std::string_view path, bool directory);
    void collapse_dirty(std::int64_t destination);
    void others_lack(std::int64_t destination, std::string_view path, int look);

    void record_some(std::int64_t destination, const Sightings::Group& group, const Failed& failed);
    void record_complete(std::int64_t destination, const Sightings::Group& group,
                         const Failed& failed);
    void record(std::int64_t destination, std::string_view directory, const Sightings::Name& name,
                std::string_view known);
    void forget(std::int64_t destination, std::string_view directory, std::string_view name,
                std::string_view known);
    void forget_below(std::string_view path);

    std::string file_;
    Database database_;
    std::size_t dirty_max_;
    Meta meta_;
    std::map<std::string, std::int64_t, std::less<>> destinations_;
    std::map<std::int64_t, std::int64_t> dirty_counts_;  // of rows
    // A batch begun with no row beside it has none either, but one value for all of it.
    std::map<std::int64_t, std::string> flights_;
    // Of the acknowledgement under way.
    std::vector<Lacking> lacking_;
    std::unordered_set<std::string> cleared_;             // have no row any more
    std::unordered_set<std::string_view> by_attributes_;  // were sent as if nothing else changed

    struct Statements;
    std::unique_ptr<Statements> prepared_;
};

}  // namespace lockstep::state
