// The thread of a SourceWatch: what it owns and the order in which it does things.
#pragma once

#include "watcher/drainer.h"
#include "watcher/inbox.h"
#include "watcher/mounts.h"
#include "watcher/outbox.h"
#include "watcher/root.h"
#include "watcher/source_watch.h"
#include "watcher/translate.h"
#include "watcher/walk.h"
#include "watcher/watch_tree.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lockstep::watcher {

// The figures as other threads read them.
struct LiveFigures {
    std::atomic<std::uint64_t> directories{0};
    std::atomic<std::uint64_t> watches{0};
    std::atomic<std::uint64_t> unwatched{0};
    std::atomic<std::uint64_t> entries{0};
    std::atomic<bool> polled{false};
    std::atomic<std::uint64_t> overflows{0};
    std::atomic<std::uint64_t> created{0};
    std::atomic<std::uint64_t> modified{0};
    std::atomic<std::uint64_t> moved{0};
    std::atomic<std::uint64_t> deleted{0};
    std::atomic<std::uint64_t> attrib{0};
};

// One turn: take what the drain thread left, translate it event by event (carrying out what each
// asks for before the next), then whatever time or quiet brings: halves of moves that stayed alone,
// the root's identity, places where tree and events disagreed, polling; last the barriers.
//
// While the source is not there everything but looking for it rests, and barriers are answered at
// once.
class WatchLoop {
public:
    WatchLoop(Drainer& drainer, WatchOptions options, SourceWatch::Sink sink);
    ~WatchLoop();
    WatchLoop(const WatchLoop&) = delete;
    WatchLoop& operator=(const WatchLoop&) = delete;

    void barrier(std::uint64_t number);  // any thread
    void check_root_soon();              // any thread
    WatchFigures figures() const;        // any thread
    std::string limits_advice() const;   // any thread

private:
    struct Barrier {
        std::uint64_t number = 0;
        std::uint64_t halves = 0;  // of moves seen before it: all must have found their end
    };

    void run();
    void turn();
    void wait();
    int wait_ms(Time at) const;

    void look_for_root();
    void lose_root(std::string why);
    void check_root();

    void translate(Inbox::Content& content);  // takes its marks
    void carry_out();
    void rewalk();
    void settle();
    bool recheck_suspects();
    void poll();
    void check_mounts();
    void answer_barriers();
    void take_suspects(const std::vector<Suspect>& suspects);
    bool anything_polled() const;
    void publish();

    Drainer& drainer_;
    const WatchOptions options_;
    Inotify inotify_;
    Inbox inbox_;
    Outbox outbox_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> root_to_check_{false};
    WatchTree tree_;
    Translator translator_;
    Walker walker_;
    Root root_;
    Mounts mounts_;

    bool live_ = false;
    bool poll_only_ = false;  // as the root is now
    bool told_lost_ = false;
    bool rewalk_wanted_ = false;
    bool poll_wanted_ = false;
    bool root_in_doubt_ = false;
    bool active_ = false;  // events came since the last look at the root
    int recheck_rounds_ = 0;
    std::map<std::pair<int, std::string>, bool> suspects_;  // parent wd, name: told_wrong
    std::deque<Barrier> barriers_;
    Time next_root_check_{};
    Time next_poll_{};
    Inbox::Content content_;
    std::vector<Event> events_;
    Translation translation_;

    LiveFigures figures_;
    mutable std::mutex advice_mutex_;
    std::string advice_;
    std::uint64_t advised_for_ = 0;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace lockstep::watcher
