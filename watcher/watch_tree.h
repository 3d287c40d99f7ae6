// The directories below a source, their names and their watches.
#pragma once

#include "watcher/flat_index.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::watcher {

using NodeId = std::uint32_t;
inline constexpr NodeId no_node = FlatIndex::none;

enum class NodeState : std::uint8_t {
    watched,
    unwatched,   // beyond the kernel's limit: polled
    unreadable,  // could not be opened or listed: tried again
    boundary,    // another file system begins here and one_file_system holds: not entered
    alias,       // a directory that is watched under another name already (a bind mount): polled
};
inline constexpr std::size_t node_states = 5;

// A node is a directory: parent and name, so that a rename, with whatever is below, is O(1); paths
// are built when asked for. Children are found by hash of (parent, name), nodes by watch
// descriptor.
//
// Memory: 28 bytes a node, its name, and 11 to 16 bytes of index; what the vectors have in reserve
// is not resident before it is used. NodeIds are reused after a drop; watch descriptors are not
// (the kernel counts upwards). Pure bookkeeping: no system calls, never throws but for memory.
class WatchTree {
public:
    WatchTree();

    // Forgets everything; the root is there afterwards, unwatched.
    void clear();
    static constexpr NodeId root = 0;

    NodeId by_wd(int wd) const;
    NodeId child(NodeId parent, std::string_view name) const;
    // The node at a relative path; no_node when it is not known.
    NodeId find(std::string_view path) const;

    // `name`: 1 to 255 bytes, none of them the tree's own, not yet a child of `parent`. The node
    // starts as `unwatched`.
    NodeId add(NodeId parent, std::string_view name);
    // `parent` is not at or below `node`, and has no child of that name.
    void move(NodeId node, NodeId parent, std::string_view name);
    // The same, where another may stand: that is dropped as drop() does, but for `node` if it is
    // below.
    void take_place(NodeId node, NodeId parent, std::string_view name, std::vector<int>& wds);
    // Removes the node with all below it; their watch descriptors are appended to `wds`. Not the
    // root.
    void drop(NodeId node, std::vector<int>& wds);
    void drop_children(NodeId node, std::vector<int>& wds);

    // wd >= 0 makes it `watched`. No other node has this wd.
    void set_watch(NodeId node, int wd);
    // Any state but `watched`; takes the wd away and returns it (-1: there was none).
    int set_state(NodeId node, NodeState state);

    int wd(NodeId node) const { return nodes_[node].wd; }
    NodeState state(NodeId node) const { return nodes_[node].state; }
    NodeId parent(NodeId node) const { return nodes_[node].parent; }  // the root's: no_node
    std::string_view name(NodeId node) const;
    std::string path(NodeId node) const;
    bool is_at_or_below(NodeId lower, NodeId upper) const;

    NodeId first_child(NodeId node) const { return nodes_[node].first_child; }
    NodeId next_sibling(NodeId node) const { return nodes_[node].next; }

    // A mark for whoever lists a directory and wants to know which children it did not find.
    void set_seen(NodeId node, bool seen) { nodes_[node].seen = seen; }
    bool seen(NodeId node) const { return nodes_[node].seen; }

    std::size_t size() const noexcept { return size_; }
    std::size_t count(NodeState state) const { return counts_[static_cast<std::size_t>(state)]; }

    // For looking at every node: ids below end(), of which some may be free.
    NodeId end() const noexcept { return static_cast<NodeId>(nodes_.size()); }
    bool is_free(NodeId node) const { return nodes_[node].free; }

private:
    struct Node {
        NodeId parent = no_node;  // of a free node: the next free one
        NodeId first_child = no_node;
        NodeId next = no_node;
        NodeId previous = no_node;
        std::int32_t wd = -1;
        std::uint32_t name_at = 0;
        std::uint8_t name_bytes = 0;
        NodeState state = NodeState::unwatched;
        bool seen = false;
        bool free = false;
    };

    std::uint32_t hash_of(NodeId parent, std::string_view name) const;
    std::uint32_t hash_of(NodeId node) const { return hash_of(nodes_[node].parent, name(node)); }
    void link(NodeId node, NodeId parent);
    void unlink(NodeId node);
    void release(NodeId node, std::vector<int>& wds);
    void recount(NodeId node, NodeState state);
    void store_name(Node& node, std::string_view name);
    void compact_names();

    std::vector<Node> nodes_;
    std::vector<char> names_;
    std::size_t dead_name_bytes_ = 0;
    FlatIndex by_name_;
    FlatIndex by_wd_;
    NodeId free_ = no_node;
    std::size_t size_ = 0;
    std::array<std::size_t, node_states> counts_{};
    std::uint64_t seed_;  // names are chosen by others: collisions shall not be
};

}  // namespace lockstep::watcher
