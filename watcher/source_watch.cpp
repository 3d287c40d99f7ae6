#include "watcher/source_watch.h"

#include "watcher/watch_loop.h"

#include <utility>

namespace lockstep::watcher {

struct SourceWatch::State {
    WatchLoop loop;
};

SourceWatch::SourceWatch(Drainer& drainer, WatchOptions options, Sink sink)
    : state_(new State{{drainer, std::move(options), std::move(sink)}})
{
}

SourceWatch::~SourceWatch() = default;

void SourceWatch::barrier(std::uint64_t number)
{
    state_->loop.barrier(number);
}

void SourceWatch::check_root()
{
    state_->loop.check_root_soon();
}

WatchFigures SourceWatch::figures() const
{
    return state_->loop.figures();
}

std::string SourceWatch::limits_advice() const
{
    return state_->loop.limits_advice();
}

}  // namespace lockstep::watcher
