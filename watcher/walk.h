// Watch, then list: the tree is brought to what the directories are now.
#pragma once

#include "watcher/directory.h"
#include "watcher/inotify.h"
#include "watcher/outbox.h"
#include "watcher/translate.h"
#include "watcher/watch_tree.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::watcher {

// A directory is listed after its watch is in place, so that nothing falls between (I3); whatever
// is created, renamed or removed meanwhile comes as an event afterwards, and what the walk has done
// already is then recognised by its watch descriptor. ENOENT, ENOTDIR and ELOOP in mid-walk are
// normal.
//
// Directories are reached by a chain of held descriptors, of which at most `held_max` stay open
// however deep the tree. All of it ends soon after `stop` is set.
class Walker {
public:
    static constexpr std::size_t held_max = 128;

    struct Parts {
        WatchTree& tree;
        const Inotify& inotify;
        Outbox& outbox;
        const Excluded& excluded;
        bool one_file_system;
        const std::atomic<bool>& stop;
    };
    explicit Walker(const Parts& parts) : parts_(parts) {}

    // Every directory, listed anew whether it was known or not; those not found are dropped. Tells
    // nothing but directories that cannot be read. `root` is an open descriptor here and below.
    void scan(int root);
    std::uint64_t entries() const noexcept { return entries_; }  // counted by the last scan

    // A name that just appeared: everything found below is told as `content`. Nothing when the
    // directory is known already.
    void visit(int root, const Place& place);

    // A name about which tree and events disagreed, or that was not watched: nothing when it is as
    // the tree says; otherwise the tree is corrected and a `subtree` change told.
    void recheck(int root, const Place& place);

    // An unwatched directory, listed again with all unwatched ones below it, told by the caller.
    void poll(int root, NodeId node);

    // `node` was renamed from `old_path`: what rules hid there and show here is told as `content`,
    // and what they hide now is dropped.
    void renamed(int root, NodeId node, std::string_view old_path);

    // What to look at again when all is quiet; taken away.
    std::vector<Suspect> take_suspects() { return std::exchange(suspects_, {}); }
    // True once after a walk had to leave directories out: scan again.
    bool take_rewalk() { return std::exchange(rewalk_, false); }

private:
    enum class Tell : std::uint8_t { nothing, contents, subtrees };

    struct Frame {
        NodeId node = no_node;
        Fd fd{};
        std::size_t names_begin = 0;  // its subdirectories still to enter, in names_
        std::size_t path_bytes = 0;   // of path_ without this frame's own name
        std::size_t old_path_bytes = 0;
        Tell tell = Tell::nothing;
        bool deep = false;               // list directories that are known, too
        bool renamed = false;            // old_path_ says what it was called
        bool subtree_when_done = false;  // what is below was not told one by one
    };

    void start(int root, NodeId parent);
    void enter_and_run(int root, const Place& place, Tell tell);
    void enter(int parent_fd, NodeId parent, const std::string& name, const Frame& above);
    void watch(Frame frame, NodeId parent, const std::string& name);
    void found_elsewhere(Frame frame, NodeId known, NodeId parent, const std::string& name);
    void cannot_open(NodeId parent, const std::string& name, int error, Tell tell);
    void cannot_watch(NodeId node, int error);
    void push(Frame frame);
    void run();
    void list(Frame& frame);
    void note(Frame& frame, std::string_view name, unsigned char type);
    void drop_unseen(NodeId node);
    bool reopen(Frame& frame);
    bool is_still(NodeId node, int fd) const;
    bool place_holds(NodeId node, int fd) const;
    NodeId ensure(NodeId parent, std::string_view name);
    void drop(NodeId node);
    void drop_children(NodeId node);
    void suspect(NodeId parent, std::string_view name);
    void set_unwatched(NodeId node, NodeState state);
    bool hides(std::string_view path, bool directory) const
    {
        return parts_.excluded && parts_.excluded(path, directory);
    }

    Parts parts_;
    int root_ = -1;
    std::vector<Frame> frames_;
    std::string names_;  // subdirectories to enter: bytes, then their number; the last comes first
    std::string path_;   // of the innermost frame
    std::string old_path_;  // of the innermost frame, while it says `renamed`
    std::string entry_;     // scratch
    std::vector<std::byte> buffer_;
    std::vector<Suspect> suspects_;
    std::uint64_t entries_ = 0;
    bool counting_ = false;
    bool rewalk_ = false;
};

}  // namespace lockstep::watcher
