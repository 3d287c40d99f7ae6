// A source's own watch, and one for each link below it that stands for a directory: told as one.
#pragma once

#include "watcher/source_watch.h"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lockstep::agent {

// What a link leads to is a source of its own to the watcher, whose changes are told below the
// link's path; where it is lost, found or another directory, the path is compared. A change of the
// link itself, or of what is above it, is told as one of the directory that it stands for.
class SourceWatches {
public:
    using Sink = watcher::SourceWatch::Sink;

    // `follow`: paths of such links. The sink is called on several threads, one at a time, and what
    // one of them has told before a barrier stands before it. Throws what SourceWatch does.
    SourceWatches(watcher::Drainer& drainer, const watcher::WatchOptions& options,
                  const std::vector<std::string>& follow, Sink sink);
    ~SourceWatches();  // no call of the sink afterwards
    SourceWatches(const SourceWatches&) = delete;
    SourceWatches& operator=(const SourceWatches&) = delete;

    // Any thread, all of them.
    void barrier(std::uint64_t number);
    watcher::WatchFigures figures() const;
    std::string limits_advice() const;

private:
    struct Followed {
        std::string path;
        std::unique_ptr<watcher::SourceWatch> watch;
        bool seen = false;  // it was looked for: it is watched, or leads nowhere
    };
    struct Barrier {
        std::uint64_t number = 0;
        std::size_t missing = 0;  // links that have not answered
    };

    void tell_own(std::vector<watcher::Change> changes);
    void tell_of(std::size_t link, std::vector<watcher::Change> changes);
    void saw(Followed& link);
    void about_links(watcher::Change change, std::vector<watcher::Change>& told);
    bool answered(std::uint64_t number);

    std::mutex mutex_;  // of the sink, and of all below
    bool stopping_ = false;
    bool live_ = false;  // the source itself is there, and told so
    Sink sink_;
    // Until all links were looked for: what is found at the start is compared once, with all of it
    // watched.
    std::vector<watcher::Change> held_;
    std::size_t unseen_ = 0;
    std::deque<Barrier> barriers_;  // that the source has answered
    std::vector<Followed> followed_;
    std::unique_ptr<watcher::SourceWatch> own_;  // last: it speaks to the others
};

}  // namespace lockstep::agent
