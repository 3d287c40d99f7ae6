// A source under a real SourceWatch, what it told so far, and what it should have.
#pragma once

#include "tests/support/temp_tree.h"
#include "tests/support/until.h"
#include "watcher/change.h"
#include "watcher/drainer.h"
#include "watcher/source_watch.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::watcher::test {

using namespace lockstep::testing;

using Changes = std::vector<Change>;

class LiveSource {
public:
    static constexpr std::chrono::seconds bound{60 * patience};

    // `see` is called for each change, on the watch thread.
    explicit LiveSource(WatchOptions options, std::function<void(const Change&)> see = {})
        : see_(std::move(see)),
          watch_(std::make_unique<SourceWatch>(
              drainer_, std::move(options),
              [this](std::vector<Change> changes) { take(std::move(changes)); }))
    {
    }
    ~LiveSource() { watch_.reset(); }
    LiveSource(const LiveSource&) = delete;
    LiveSource& operator=(const LiveSource&) = delete;

    SourceWatch& watch() { return *watch_; }
    Drainer& drainer() { return drainer_; }
    WatchFigures figures() const { return watch_->figures(); }

    // Waits until a change for which `is_it` holds has come, and returns how many changes were
    // there then.
    void wait_for(const std::function<bool(const Change&)>& is_it)
    {
        std::unique_lock lock(mutex_);
        std::size_t seen = 0;
        const bool came = arrived_.wait_for(lock, bound, [&] {
            for (; seen < changes_.size(); ++seen)
                if (is_it(changes_[seen])) return true;
            return false;
        });
        REQUIRE(came);
    }
    void wait_for(ChangeKind kind)
    {
        wait_for([kind](const Change& change) { return change.kind == kind; });
    }

    // Everything told since the last call (or the start), up to a barrier asked for now.
    std::vector<Change> changes_until_now()
    {
        const std::uint64_t number = ++barriers_;
        watch_->barrier(number);
        wait_for([number](const Change& change) {
            return change.kind == ChangeKind::barrier && change.number == number;
        });
        const std::lock_guard lock(mutex_);
        std::vector<Change> changes = std::exchange(changes_, {});
        std::erase_if(changes,
                      [](const Change& change) { return change.kind == ChangeKind::barrier; });
        return changes;
    }

    // The first scan is over, and nothing told yet counts.
    void settle()
    {
        wait_for(ChangeKind::live);
        changes_until_now();
    }

private:
    void take(std::vector<Change> changes)
    {
        if (see_)
            for (const Change& change : changes) see_(change);
        const std::lock_guard lock(mutex_);
        for (Change& change : changes) changes_.push_back(std::move(change));
        arrived_.notify_all();
    }

    std::function<void(const Change&)> see_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Change> changes_;
    std::uint64_t barriers_ = 0;
    Drainer drainer_;
    std::unique_ptr<SourceWatch> watch_;
};

inline bool told(const std::vector<Change>& changes, ChangeKind kind, const std::string& path)
{
    for (const Change& change : changes)
        if (change.kind == kind && change.path == path) return true;
    return false;
}

inline bool told_move(const std::vector<Change>& changes, const std::string& from,
                      const std::string& to)
{
    for (const Change& change : changes)
        if (change.kind == ChangeKind::moved && change.from == from && change.path == to)
            return true;
    return false;
}

// Every directory that is there is watched, no other, and each under its own name: what is written
// into it is told with the right path.
inline void check_every_directory_is_watched(LiveSource& source, const std::string& root)
{
    source.changes_until_now();
    std::vector<std::string> directories{""};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
        if (entry.is_directory() && !entry.is_symlink())
            directories.push_back(entry.path().string().substr(root.size() + 1));
    CHECK(source.figures().directories == directories.size());
    CHECK(source.figures().watches == directories.size());

    std::set<std::string> expected;
    for (const std::string& directory : directories) {
        const std::string probe = directory.empty() ? "probe" : directory + "/probe";
        write_file(root + "/" + probe, "here");
        expected.insert(probe);
    }
    for (const Change& change : source.changes_until_now())
        if (change.kind == ChangeKind::content) expected.erase(change.path);
    CHECK(expected == std::set<std::string>());
    for (const std::string& directory : directories)
        remove_file(root + "/" + (directory.empty() ? "probe" : directory + "/probe"));
    source.changes_until_now();
}

}  // namespace lockstep::watcher::test

namespace lockstep::watcher {

inline std::ostream& operator<<(std::ostream& out, const Change& change)
{
    static constexpr const char* names[] = {"content", "writing",   "attributes", "gone",
                                            "moved",   "subtree",   "unreadable", "readable",
                                            "live",    "root_lost", "overflow",   "barrier"};
    out << names[static_cast<int>(change.kind)] << " '" << change.path << "'";
    if (change.directory) out << "/";
    if (!change.from.empty()) out << " from '" << change.from << "'";
    if (!change.detail.empty()) out << " (" << change.detail << ")";
    return out;
}

}  // namespace lockstep::watcher
