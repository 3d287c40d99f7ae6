// Of what one destination acknowledged, what the others lack: looked for, and marked there.
#pragma once

#include "agent/destination.h"
#include "agent/record.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace lockstep::agent {

// Mostly a destination is at it, or its own acknowledgement is on its way to the index: only what
// the index has open there after that is marked. On the control thread; shared with the searches
// under way.
class LackSearch : public std::enable_shared_from_this<LackSearch> {
public:
    // `ended`: after each search.
    LackSearch(std::shared_ptr<Record> record, std::function<void()> ended)
        : record_(std::move(record)), ended_(std::move(ended))
    {
    }

    void begin(const Record::Lacking& lacking,
               const std::vector<std::shared_ptr<Destination>>& destinations);

    // Everything that was begun up to mark() is marked once done(mark).
    std::uint64_t mark() const noexcept { return begun_; }
    bool done(std::uint64_t mark) const noexcept { return done_ >= mark; }

private:
    void end(Destination& destination, const plan::DirtySet::Looks& looks,
             const Record::Paths& open);

    std::shared_ptr<Record> record_;
    std::function<void()> ended_;
    std::uint64_t begun_ = 0;
    std::uint64_t done_ = 0;  // in the order of their beginning
};

}  // namespace lockstep::agent
