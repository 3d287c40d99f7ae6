// What is told of a destination when it happens: to the log, to who follows the events, to hooks.
#pragma once

#include "agent/alarm.h"
#include "agent/hooks.h"
#include "agent/plan/dirty_set.h"
#include "agent/status/snapshot.h"
#include "agent/troubles.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::agent {

class News {
public:
    using TimePoint = plan::TimePoint;

    struct Readers {
        std::function<void(std::string type, std::string json)> events;
        std::shared_ptr<Hook> in_step;
        std::shared_ptr<Hook> trouble;
    };
    // `destination`: its URL.
    News(std::string mapping, std::string destination, std::chrono::milliseconds trouble_after,
         Readers readers);

    void begun(const plan::Batch& batch) const;
    // One that is not new is only in the events.
    void trouble(const Trouble& trouble, bool is_new) const;
    void arrived(std::size_t paths) const;
    // Only the paths are looked at.
    void arrived_for_hook(const std::vector<const plan::DirtyPath*>& arrived,
                          status::DestinationState state, const std::optional<Trouble>& last) const;
    void state(status::DestinationState state);

    // Trouble goes to its hook once it has lasted.
    bool wants_trouble() const { return readers_.trouble->wanted(); }
    void troubled(status::DestinationState state, const std::optional<Trouble>& last,
                  TimePoint now);
    void recovered() { alarm_.reset(); }
    std::optional<TimePoint> next_moment(TimePoint now) const { return alarm_.next(now); }

private:
    void publish(std::string type, const std::string& message) const;
    Occasion occasion(status::DestinationState state, const std::optional<Trouble>& last) const;

    std::string mapping_;
    std::string destination_;
    Readers readers_;
    Alarm alarm_;
    std::optional<status::DestinationState> state_;  // as it was told last
};

}  // namespace lockstep::agent
