#include "agent/reach.h"

#include "base/path.h"

#include <cstdint>
#include <utility>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

}  // namespace

asio::awaitable<status::CommandResult> reach(std::vector<std::shared_ptr<Destination>> destinations,
                                             std::string prefix,
                                             std::function<std::string()> obstacle,
                                             plan::TimePoint limit)
{
    status::CommandResult result;
    const plan::TimePoint begun = Clock::now();
    std::vector<std::uint64_t> marks;
    for (const std::shared_ptr<Destination>& destination : destinations) {
        destination->hurry(begun);
        marks.push_back(destination->mark_of_now());
    }
    for (std::size_t i = 0; i < destinations.size(); ++i) {
        Destination& destination = *destinations[i];
        std::string why;
        while (!destination.reached(marks[i])) {
            why = obstacle();
            if (why.empty()) why = destination.hopeless(marks[i], begun);
            if (why.empty() && Clock::now() >= limit)
                why = "timed out: " + destination.describe_trouble();
            if (!why.empty()) break;
            co_await destination.changed().wait_until(limit);
        }
        if (why.empty()) continue;
        if (!result.message.empty()) result.message += "; ";
        result.message += prefix + why;
        for (const std::string& path : destination.outstanding(marks[i]))
            if (result.paths.size() < Troubles::paths_shown_max)
                result.paths.push_back(escaped(path));
    }
    co_return result;
}

}  // namespace lockstep::agent
