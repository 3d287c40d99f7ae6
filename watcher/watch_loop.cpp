#include "watcher/watch_loop.h"

#include "base/error.h"
#include "base/path.h"
#include "watcher/limits.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <span>

namespace lockstep::watcher {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The root's identity costs one stat: soon after events, seldom when idle (most ends are told by
// events).
constexpr seconds root_check_active{1};
constexpr seconds root_check_idle{30};
constexpr std::size_t slice_bytes = 64 * 1024;  // decoded at a time
constexpr std::size_t suspects_max = 10'000;    // beyond, everything is walked again
constexpr int recheck_rounds_max = 8;           // without coming to rest; then the same

Time now()
{
    return std::chrono::steady_clock::now();
}

}  // namespace

WatchLoop::WatchLoop(Drainer& drainer, WatchOptions options, SourceWatch::Sink sink)
    : drainer_(drainer),
      options_(std::move(options)),
      outbox_(std::move(sink)),
      translator_(tree_, options_.excluded, options_.move_wait),
      walker_({tree_, inotify_, outbox_, options_.excluded, options_.one_file_system, stop_}),
      root_(options_.source)
{
    drainer_.add(inotify_.fd(),
                 [this](std::span<const std::byte> bytes) { return inbox_.put(bytes); });
    thread_ = std::thread([this] { run(); });
}

WatchLoop::~WatchLoop()
{
    stop_ = true;
    inbox_.wake();
    thread_.join();
    drainer_.remove(inotify_.fd());
}

void WatchLoop::barrier(std::uint64_t number)
{
    drainer_.sync(inotify_.fd(), [this, number] { inbox_.put_mark(number); });
}

void WatchLoop::check_root_soon()
{
    root_to_check_ = true;
    inbox_.wake();
}

WatchFigures WatchLoop::figures() const
{
    return {.directories = figures_.directories,
            .watches = figures_.watches,
            .unwatched = figures_.unwatched,
            .entries = figures_.entries,
            .polled = figures_.polled,
            .overflows = figures_.overflows,
            .created = figures_.created,
            .modified = figures_.modified,
            .moved = figures_.moved,
            .deleted = figures_.deleted,
            .attrib = figures_.attrib};
}

std::string WatchLoop::limits_advice() const
{
    const std::lock_guard lock(advice_mutex_);
    return advice_;
}

void WatchLoop::run()
{
    inotify_.go_there();
    while (!stop_) {
        turn();
        inotify_.come_back();
        if (stop_) break;
        publish();  // first: who sees a barrier sees the figures of all before it
        outbox_.flush();
        root_.release();
        wait();
    }
}

void WatchLoop::turn()
{
    if (root_to_check_.exchange(false)) next_root_check_ = now();
    if (!live_) look_for_root();
    inbox_.take(content_);
    if (content_.was_full) drainer_.resume(inotify_.fd());
    if (live_) translate(content_);
    // What is left here was read while the source was not there.
    for (const Inbox::Mark& mark : content_.marks) barriers_.push_back({mark.number, 0});
    if (live_) settle();
    answer_barriers();
}

void WatchLoop::wait()
{
    std::array<pollfd, 2> fds{{{inbox_.fd(), POLLIN, 0}, {mounts_.fd(), POLLPRI, 0}}};
    if (::poll(fds.data(), fds.size(), wait_ms(now())) > 0 && fds[1].revents != 0) check_mounts();
}

int WatchLoop::wait_ms(Time at) const
{
    Time until = next_root_check_;
    if (live_) {
        if (anything_polled()) until = std::min(until, next_poll_);
        if (const auto deadline = translator_.pairs().next_deadline())
            until = std::min(until, *deadline);
        if (!suspects_.empty()) until = std::min(until, at + milliseconds(20));
    }
    const auto left = std::chrono::ceil<milliseconds>(until - at).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void WatchLoop::look_for_root()
{
    if (told_lost_ && now() < next_root_check_) return;
    std::string why = root_.acquire();
    if (!why.empty()) {
        next_root_check_ = now() + options_.root_retry;
        if (!std::exchange(told_lost_, true))
            outbox_.add(
                {.kind = ChangeKind::root_lost, .directory = true, .detail = std::move(why)});
        return;
    }
    mounts_.follow(options_.source);
    poll_only_ =
        options_.poll == WatchOptions::Poll::always ||
        (options_.poll == WatchOptions::Poll::where_blind && changes_unseen(options_.source));
    // `live` stands before what the scan has to say (directories it could not read), and is taken
    // back when the root is lost again meanwhile.
    outbox_.flush();
    outbox_.hold(true);
    outbox_.add({.kind = ChangeKind::live, .directory = true});
    tree_.clear();
    if (!poll_only_) {
        walker_.scan(root_.fd());
        figures_.entries = walker_.entries();
    }
    take_suspects(walker_.take_suspects());
    rewalk_wanted_ = walker_.take_rewalk();
    if (stop_) {
        outbox_.discard();
        return;
    }
    live_ = true;
    const Time at = now();
    next_root_check_ = at + root_check_active;
    next_poll_ = at + options_.poll_interval;
    check_root();
    if (live_) told_lost_ = false;
    outbox_.hold(false);
}

void WatchLoop::lose_root(std::string why)
{
    // What was not handed over yet may be the root's own end, seen as thousands of deletions;
    // `live` makes everything be compared anyway.
    outbox_.discard();
    if (!std::exchange(told_lost_, true))
        outbox_.add({.kind = ChangeKind::root_lost, .directory = true, .detail = std::move(why)});
    live_ = false;
    next_root_check_ = now();
    root_.release();
    std::vector<int> wds;
    tree_.drop_children(WatchTree::root, wds);
    if (const int wd = tree_.set_state(WatchTree::root, NodeState::unwatched); wd >= 0)
        wds.push_back(wd);
    inotify_.remove_all(wds);
    tree_.clear();
    translator_.forget();
    suspects_.clear();
    rewalk_wanted_ = poll_wanted_ = root_in_doubt_ = active_ = false;
}

void WatchLoop::check_root()
{
    root_in_doubt_ = false;
    const Time at = now();
    next_root_check_ = at + (std::exchange(active_, false) ? root_check_active : root_check_idle);
    if (std::string why = root_.missing(); !why.empty()) lose_root(std::move(why));
}

void WatchLoop::translate(Inbox::Content& content)
{
    const std::span<const std::byte> bytes(content.bytes);
    if (!bytes.empty()) active_ = true;
    std::size_t at = 0;
    auto mark = content.marks.begin();
    for (;;) {
        for (; mark != content.marks.end() && mark->at <= at; ++mark)
            barriers_.push_back({mark->number, translator_.pairs().seen()});
        if (at >= bytes.size() || stop_) break;
        std::size_t end = std::min(bytes.size(), at + slice_bytes);
        if (mark != content.marks.end()) end = std::min(end, mark->at);
        events_.clear();
        const std::size_t used = decode_events(bytes.subspan(at, end - at), events_);
        if (used ==
            0) {  // no kernel writes this; whatever it was is lost, which we know how to mend
            rewalk_wanted_ = true;
            at = end;
            continue;
        }
        at += used;
        for (const Event& event : events_) {
            translation_.clear();
            translator_.translate(event, now(), translation_);
            carry_out();
            if (!live_ || stop_) break;
        }
        if (!live_) break;  // the rest is about watches that are gone
    }
    for (; mark != content.marks.end(); ++mark) barriers_.push_back({mark->number, 0});
    content.marks.clear();
}

void WatchLoop::carry_out()
{
    Translation& asked = translation_;
    for (Change& change : asked.changes) {
        if (change.kind == ChangeKind::gone) root_in_doubt_ = true;
        outbox_.add(std::move(change));
    }
    if (!asked.unwatch.empty()) inotify_.remove_all(asked.unwatch);
    if (asked.root_lost) {
        std::string why = root_.missing();
        lose_root(why.empty() ? "source " + quoted(root_.path()) + " was deleted or unmounted"
                              : std::move(why));
        return;
    }
    if (asked.overflow) {
        ++figures_.overflows;
        outbox_.add({.kind = ChangeKind::overflow, .directory = true});
        rewalk_wanted_ = true;
    }
    root_in_doubt_ = root_in_doubt_ || asked.root_moved;
    poll_wanted_ = poll_wanted_ || asked.poll;
    take_suspects(asked.suspects);
    if (asked.visits.empty() && asked.renamed.empty()) return;
    const int root = root_.fd();
    if (root < 0) {
        check_root();
        return;
    }
    for (const Place& place : asked.visits) walker_.visit(root, place);
    for (const auto& [node, old_path] : asked.renamed) walker_.renamed(root, node, old_path);
    take_suspects(walker_.take_suspects());
    rewalk_wanted_ = walker_.take_rewalk() || rewalk_wanted_;
}

// After an overflow, or when the tree cannot be trusted otherwise.
void WatchLoop::rewalk()
{
    translation_.clear();
    translator_.give_up_waiting(translation_);
    carry_out();
    rewalk_wanted_ = false;
    suspects_.clear();
    recheck_rounds_ = 0;
    if (!live_) return;
    const int root = root_.fd();
    if (root < 0) {
        check_root();
        return;
    }
    walker_.scan(root);
    figures_.entries = walker_.entries();
    take_suspects(walker_.take_suspects());
    rewalk_wanted_ = walker_.take_rewalk();
    outbox_.add({.kind = ChangeKind::subtree, .directory = true});
}

// What time and quiet bring.
void WatchLoop::settle()
{
    translation_.clear();
    translator_.expire(now(), translation_);
    carry_out();
    if (live_ && rewalk_wanted_) rewalk();
    if (live_ && (root_in_doubt_ || now() >= next_root_check_)) check_root();
    if (live_ && !suspects_.empty() && inotify_.queued_bytes() == 0) recheck_suspects();
    if (live_ && (poll_wanted_ || (anything_polled() && now() >= next_poll_))) poll();
}

// False when the root was lost on the way.
bool WatchLoop::recheck_suspects()
{
    if (++recheck_rounds_ > recheck_rounds_max || suspects_.size() > suspects_max) {
        rewalk();
        return live_;
    }
    const int root = root_.fd();
    if (root < 0) {
        check_root();
        return live_;
    }
    for (const auto& [place, told_wrong] : std::exchange(suspects_, {})) {
        const auto& [wd, name] = place;
        NodeId parent = tree_.by_wd(wd);
        if (parent == no_node) continue;
        walker_.recheck(root, {parent, name});
        parent = tree_.by_wd(wd);
        if (told_wrong && parent != no_node && tree_.child(parent, name) != no_node)
            outbox_.add({.kind = ChangeKind::subtree,
                         .path = join(tree_.path(parent), name),
                         .directory = true});
    }
    take_suspects(walker_.take_suspects());
    rewalk_wanted_ = walker_.take_rewalk() || rewalk_wanted_;
    if (suspects_.empty()) recheck_rounds_ = 0;
    return true;
}

bool WatchLoop::anything_polled() const
{
    return poll_only_ || tree_.count(NodeState::unwatched) + tree_.count(NodeState::unreadable) +
                                 tree_.count(NodeState::alias) >
                             0;
}

// Directories the kernel tells us nothing about, listed anew.
void WatchLoop::poll()
{
    poll_wanted_ = false;
    next_poll_ = now() + options_.poll_interval;
    if (poll_only_) {
        outbox_.add({.kind = ChangeKind::subtree, .directory = true});
        return;
    }
    const int root = root_.fd();
    if (root < 0) {
        check_root();
        return;
    }
    // By path: a walk may drop or move nodes that were still to come.
    std::vector<std::string> topmost;
    std::vector<std::string> unreadable;
    for (NodeId node = 0; node < tree_.end(); ++node) {
        if (tree_.is_free(node)) continue;
        const NodeState state = tree_.state(node);
        if (state == NodeState::unreadable) unreadable.push_back(tree_.path(node));
        if (state != NodeState::unwatched && state != NodeState::alias) continue;
        NodeId above = tree_.parent(node);
        while (above != no_node && tree_.state(above) != NodeState::unwatched)
            above = tree_.parent(above);
        if (above == no_node) topmost.push_back(tree_.path(node));
    }
    for (const std::string& path : topmost) {
        const NodeId node = tree_.find(path);
        if (node == no_node) continue;
        walker_.poll(root, node);
        outbox_.add({.kind = ChangeKind::subtree, .path = path, .directory = true});
    }
    for (const std::string& path : unreadable) {
        const NodeId node = tree_.find(path);
        if (node != no_node && tree_.state(node) == NodeState::unreadable) walker_.poll(root, node);
    }
    take_suspects(walker_.take_suspects());
    rewalk_wanted_ = walker_.take_rewalk() || rewalk_wanted_;
}

void WatchLoop::check_mounts()
{
    if (!live_) {
        next_root_check_ = now();
        return;
    }
    check_root();
    if (!live_ || poll_only_) return;
    const std::vector<std::string> changed = mounts_.changed();
    const int root = changed.empty() ? -1 : root_.fd();
    if (root < 0) return;
    for (const std::string& path : changed) {
        const NodeId parent = tree_.find(parent_of(path));
        if (parent == no_node) continue;
        const std::string name(name_of_path(path));
        if (options_.excluded && options_.excluded(path, true)) continue;
        walker_.recheck(root, {parent, name});
    }
    take_suspects(walker_.take_suspects());
}

void WatchLoop::answer_barriers()
{
    if (barriers_.empty()) return;
    if (live_) {
        if (!translator_.pairs().settled_up_to(barriers_.front().halves)) return;
        while (live_ && (!suspects_.empty() || rewalk_wanted_) && !stop_) {
            if (rewalk_wanted_)
                rewalk();
            else
                recheck_suspects();
        }
        if (live_ && anything_polled()) poll();
    }
    while (!barriers_.empty() &&
           (!live_ || translator_.pairs().settled_up_to(barriers_.front().halves))) {
        outbox_.add({.kind = ChangeKind::barrier, .number = barriers_.front().number});
        barriers_.pop_front();
    }
}

void WatchLoop::take_suspects(const std::vector<Suspect>& suspects)
{
    for (const Suspect& it : suspects) {
        bool& told_wrong = suspects_[{it.parent_wd, it.name}];
        told_wrong = told_wrong || it.told_wrong;
    }
}

void WatchLoop::publish()
{
    const EventCounts& counts = translator_.counts();
    figures_.created = counts.created;
    figures_.modified = counts.modified;
    figures_.moved = counts.moved;
    figures_.deleted = counts.deleted;
    figures_.attrib = counts.attrib;
    figures_.directories = live_ ? tree_.size() : 0;
    figures_.watches = tree_.count(NodeState::watched);
    const std::uint64_t unwatched =
        live_ && !poll_only_ ? tree_.count(NodeState::unwatched) + tree_.count(NodeState::alias)
                             : 0;
    figures_.unwatched = unwatched;
    figures_.polled = live_ && poll_only_;
    const std::uint64_t beyond = live_ && !poll_only_ ? tree_.count(NodeState::unwatched) : 0;
    if (beyond == advised_for_) return;
    advised_for_ = beyond;
    std::string advice;
    if (beyond > 0) {
        std::uint64_t limit = 0;
        try {
            limit = read_limits().max_user_watches;
        } catch (const Error&) {  // the advice stands without the number
        }
        // Other programs of this user may hold watches, too: half as much again leaves room.
        const std::uint64_t need = std::max(limit, std::uint64_t{tree_.size()}) + beyond;
        advice = "fs.inotify.max_user_watches=" + std::to_string(limit) +
                 " is too low: " + std::to_string(beyond) + " of " + std::to_string(tree_.size()) +
                 " directories are polled; run sysctl -w fs.inotify.max_user_watches=" +
                 std::to_string(need + need / 2);
    }
    const std::lock_guard lock(advice_mutex_);
    advice_ = std::move(advice);
}

}  // namespace lockstep::watcher
