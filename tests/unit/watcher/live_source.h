// A source in a fresh temporary directory under a real SourceWatch, and what it told so far.
#pragma once

#include "watcher/change.h"
#include "watcher/drainer.h"
#include "watcher/source_watch.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::watcher::test {

// Removed with all below it at the end.
class TempTree {
public:
    TempTree()
    {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "lockstep-watcher-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
        path_ = pattern;
    }
    TempTree(const TempTree&) = delete;
    TempTree& operator=(const TempTree&) = delete;
    ~TempTree()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline void make_directory(const std::string& path)
{
    REQUIRE(::mkdir(path.c_str(), 0755) == 0);
}

inline void write_file(const std::string& path, const std::string& text = "x")
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    REQUIRE(fd >= 0);
    REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
}

inline void rename(const std::string& from, const std::string& to)
{
    REQUIRE(::rename(from.c_str(), to.c_str()) == 0);
}

// Directories at and below `path`, itself included.
inline std::size_t directories_in(const std::string& path)
{
    std::size_t count = 1;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
        if (entry.is_directory() && !entry.is_symlink()) ++count;
    return count;
}

class LiveSource {
public:
    static constexpr std::chrono::seconds patience{60};

    explicit LiveSource(WatchOptions options)
        : watch_(std::make_unique<SourceWatch>(
              drainer_, std::move(options),
              [this](std::vector<Change> changes) { take(std::move(changes)); }))
    {
    }
    ~LiveSource() { watch_.reset(); }
    LiveSource(const LiveSource&) = delete;
    LiveSource& operator=(const LiveSource&) = delete;

    SourceWatch& watch() { return *watch_; }
    WatchFigures figures() const { return watch_->figures(); }

    // Waits until a change for which `is_it` holds has come, and returns how many changes were
    // there then.
    void wait_for(const std::function<bool(const Change&)>& is_it)
    {
        std::unique_lock lock(mutex_);
        std::size_t seen = 0;
        const bool came = arrived_.wait_for(lock, patience, [&] {
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
        const std::lock_guard lock(mutex_);
        for (Change& change : changes) changes_.push_back(std::move(change));
        arrived_.notify_all();
    }

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
