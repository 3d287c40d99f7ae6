#include "agent/racy_states.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds delay{1};   // many ticks of the kernel's clock
constexpr std::chrono::seconds limit{10};  // for the watcher to tell what happened until then

// Those about whose paths nothing is open at the destination.
Racy clean(const Racy& racy, const Destination& destination)
{
    std::vector<std::string> paths;
    paths.reserve(racy.size());
    for (const auto& [path, fingerprint] : racy) paths.push_back(path);
    const std::vector<bool> clean = destination.clean(paths);
    Racy kept;
    for (std::size_t i = 0; i < racy.size(); ++i)
        if (clean[i]) kept.push_back(racy[i]);
    return kept;
}

}  // namespace

RacyStates::RacyStates(Host host)
    : host_(std::move(host)), timer_(host_.control, [this] {
          asio::co_spawn(host_.control, confirm(shared_from_this()), asio::detached);
      })
{
}

void RacyStates::note(const std::shared_ptr<Destination>& destination, Racy racy)
{
    if (racy.empty() || !host_.record->works()) return;
    waiting_.emplace_back(destination, std::move(racy));
    arm();
}

void RacyStates::stop()
{
    stopping_ = true;
    timer_.stop();
}

void RacyStates::arm()
{
    if (armed_ || waiting_.empty()) return;
    armed_ = true;
    timer_.set(Clock::now() + delay);
}

asio::awaitable<void> RacyStates::confirm(std::shared_ptr<RacyStates> self)
{
    const std::vector<std::pair<std::shared_ptr<Destination>, Racy>> taken =
        std::exchange(self->waiting_, {});
    const bool told = co_await self->host_.all_told(Clock::now() + limit);
    if (told) {
        Racy proven;
        for (const auto& [destination, racy] : taken)
            for (auto& one : clean(racy, *destination))
                if (!self->host_.settling(one.first)) proven.push_back(std::move(one));
        if (!proven.empty()) self->host_.record->confirm(std::move(proven));
    }
    self->armed_ = false;
    if (!self->stopping_) self->arm();
}

}  // namespace lockstep::agent
