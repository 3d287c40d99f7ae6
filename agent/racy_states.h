// States that were sent so soon after they came about that they prove nothing to a later start.
#pragma once

#include "agent/destination.h"
#include "agent/record.h"
#include "agent/timer.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::agent {

// A state that was read in the tick of its last change may have changed in it once more. It is
// proven if we live long enough to know that no event followed. On the control thread; shared with
// the coroutine that confirms.
class RacyStates : public std::enable_shared_from_this<RacyStates> {
public:
    using TimePoint = plan::TimePoint;

    struct Host {
        boost::asio::any_io_executor control;
        std::shared_ptr<Record> record;
        // True once everything that had happened until the call is told and compared.
        std::function<boost::asio::awaitable<bool>(TimePoint limit)> all_told;
        std::function<bool(const std::string& path)> settling;
    };
    explicit RacyStates(Host host);

    void note(const std::shared_ptr<Destination>& destination, Racy racy);
    void stop();

private:
    void arm();
    static boost::asio::awaitable<void> confirm(std::shared_ptr<RacyStates> self);

    Host host_;
    Timer timer_;
    std::vector<std::pair<std::shared_ptr<Destination>, Racy>> waiting_;
    bool armed_ = false;
    bool stopping_ = false;
};

}  // namespace lockstep::agent
