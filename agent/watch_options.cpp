#include "agent/watch_options.h"

#include "agent/push_job.h"

namespace lockstep::agent {
namespace {

watcher::WatchOptions::Poll poll_of(config::Watch watch)
{
    using Poll = watcher::WatchOptions::Poll;
    switch (watch) {
        case config::Watch::automatic:
            return Poll::where_blind;
        case config::Watch::inotify:
            return Poll::never;
        case config::Watch::poll:
            return Poll::always;
    }
    return Poll::never;
}

}  // namespace

watcher::WatchOptions watch_options(const config::Mapping& mapping,
                                    const std::shared_ptr<const config::Filter>& filter)
{
    watcher::WatchOptions options;
    options.source = mapping.source;
    options.one_file_system = mapping.one_file_system;
    options.poll_interval = mapping.poll_interval;
    options.poll = poll_of(mapping.watch);
    options.excluded = excluded_by(filter);
    return options;
}

}  // namespace lockstep::agent
