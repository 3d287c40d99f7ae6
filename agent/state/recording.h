// One acknowledgement on its way into the index.
#pragma once

#include "agent/state/acknowledgement.h"
#include "agent/state/dirty_rows.h"
#include "agent/state/entries.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace lockstep::state {

// A state is recorded together with the rows of all destinations that may lack it (I5): whoever
// calls run() has a transaction. The acknowledgement must live as long as this.
class Recording {
public:
    Recording(const Acknowledgement& acknowledgement, std::int64_t destination,
              const Destinations& destinations, DirtyRows& rows, Entries& entries);

    // Once. What the other destinations lack since.
    std::vector<Lacking> run();

private:
    void clear_sent();
    void record_some(const Sightings::Group& group);
    void record_complete(const Sightings::Group& group);
    void record(std::string_view directory, const Sightings::Name& name, std::string_view known);
    void forget(std::string_view directory, std::string_view name, std::string_view known);
    void has_state(std::string_view path, bool directory);
    void others_lack(std::string_view path, int look);

    const Acknowledgement& acknowledgement_;
    std::int64_t destination_;
    const Destinations& destinations_;
    DirtyRows& rows_;
    Entries& entries_;
    std::unordered_set<std::string> failed_;
    std::unordered_set<std::string> cleared_;             // have no row any more
    std::unordered_set<std::string_view> by_attributes_;  // were sent as if nothing else changed
    std::vector<Lacking> lacking_;
};

}  // namespace lockstep::state
