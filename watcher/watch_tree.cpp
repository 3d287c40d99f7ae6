#include "watcher/watch_tree.h"

#include "base/assert.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace lockstep::watcher {
namespace {

constexpr std::size_t dead_name_bytes_min = 64 * 1024;  // below, compacting is not worth it

std::uint64_t mix(std::uint64_t value)
{
    value ^= value >> 32;
    value *= 0xd6e8'feb8'6659'fd93;
    value ^= value >> 32;
    value *= 0xd6e8'feb8'6659'fd93;
    return value ^ (value >> 32);
}

std::uint32_t hash_of_wd(int wd)
{
    return static_cast<std::uint32_t>(mix(static_cast<std::uint32_t>(wd)));
}

}  // namespace

WatchTree::WatchTree()
{
    std::random_device random;
    seed_ = (std::uint64_t{random()} << 32) | random();
    clear();
}

void WatchTree::clear()
{
    nodes_ = {};
    names_ = {};
    dead_name_bytes_ = 0;
    by_name_.clear();
    by_wd_.clear();
    free_ = no_node;
    nodes_.emplace_back();
    size_ = 1;
    counts_ = {};
    counts_[static_cast<std::size_t>(NodeState::unwatched)] = 1;
}

std::uint32_t WatchTree::hash_of(NodeId parent, std::string_view name) const
{
    std::uint64_t hash = seed_ ^ (std::uint64_t{parent} << 8) ^ name.size();
    while (!name.empty()) {
        std::uint64_t word = 0;
        const std::size_t bytes = std::min(name.size(), sizeof word);
        std::memcpy(&word, name.data(), bytes);
        name.remove_prefix(bytes);
        hash = mix(hash ^ word);
    }
    return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

NodeId WatchTree::by_wd(int wd) const
{
    if (wd < 0) return no_node;
    return by_wd_.find(hash_of_wd(wd), [&](NodeId node) { return nodes_[node].wd == wd; });
}

NodeId WatchTree::child(NodeId parent, std::string_view child_name) const
{
    if (nodes_[parent].first_child == no_node) return no_node;
    return by_name_.find(hash_of(parent, child_name), [&](NodeId node) {
        return nodes_[node].parent == parent && name(node) == child_name;
    });
}

NodeId WatchTree::find(std::string_view path) const
{
    NodeId node = root;
    while (!path.empty() && node != no_node) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        node = child(node, path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return node;
}

NodeId WatchTree::add(NodeId parent, std::string_view name)
{
    LOCKSTEP_ASSERT(!name.empty() && name.size() <= 255, "a file name has 1 to 255 bytes");
    NodeId node = free_;
    if (node != no_node) {
        free_ = nodes_[node].parent;
        nodes_[node] = Node();
    } else {
        LOCKSTEP_ASSERT(nodes_.size() < no_node, "too many directories for 32 bits");
        node = static_cast<NodeId>(nodes_.size());
        nodes_.emplace_back();
    }
    ++size_;
    ++counts_[static_cast<std::size_t>(NodeState::unwatched)];
    store_name(nodes_[node], name);
    link(node, parent);
    return node;
}

void WatchTree::move(NodeId node, NodeId parent, std::string_view name)
{
    LOCKSTEP_ASSERT(!is_at_or_below(parent, node), "a directory cannot move below itself");
    unlink(node);
    if (name != this->name(node)) store_name(nodes_[node], name);
    link(node, parent);
    compact_names();
}

void WatchTree::take_place(NodeId node, NodeId parent, std::string_view name, std::vector<int>& wds)
{
    const NodeId there = child(parent, name);
    if (there == node) return;
    if (there != no_node) {
        if (is_at_or_below(node, there)) move(node, parent, "/");  // a name nothing can have
        drop(there, wds);
    }
    move(node, parent, name);
}

void WatchTree::drop(NodeId node, std::vector<int>& wds)
{
    LOCKSTEP_ASSERT(node != root, "the root is never dropped");
    drop_children(node, wds);
    unlink(node);
    release(node, wds);
    compact_names();
}

void WatchTree::drop_children(NodeId node, std::vector<int>& wds)
{
    // Depth first, without recursion: a chain of directories may be longer than the stack.
    NodeId at = node;
    for (;;) {
        if (nodes_[at].first_child != no_node) {
            at = nodes_[at].first_child;
            continue;
        }
        if (at == node) return;
        const NodeId above = nodes_[at].parent;
        unlink(at);
        release(at, wds);
        at = above;
    }
}

void WatchTree::set_watch(NodeId node, int wd)
{
    Node& it = nodes_[node];
    if (it.wd == wd) return;
    if (it.wd >= 0) by_wd_.erase(node, [&](NodeId n) { return hash_of_wd(nodes_[n].wd); });
    it.wd = wd;
    by_wd_.insert(node, [&](NodeId n) { return hash_of_wd(nodes_[n].wd); });
    recount(node, NodeState::watched);
}

int WatchTree::set_state(NodeId node, NodeState state)
{
    Node& it = nodes_[node];
    const int had = it.wd;
    if (had >= 0) by_wd_.erase(node, [&](NodeId n) { return hash_of_wd(nodes_[n].wd); });
    it.wd = -1;
    recount(node, state);
    return had;
}

std::string_view WatchTree::name(NodeId node) const
{
    return {names_.data() + nodes_[node].name_at, nodes_[node].name_bytes};
}

std::string WatchTree::path(NodeId node) const
{
    std::size_t bytes = 0;
    for (NodeId at = node; at != root; at = nodes_[at].parent) bytes += nodes_[at].name_bytes + 1;
    if (bytes == 0) return {};
    std::string path(bytes - 1, '/');
    std::size_t end = path.size();
    for (NodeId at = node; at != root; at = nodes_[at].parent) {
        const std::string_view part = name(at);
        part.copy(path.data() + end - part.size(), part.size());
        end -= std::min(end, part.size() + 1);
    }
    return path;
}

bool WatchTree::is_at_or_below(NodeId lower, NodeId upper) const
{
    for (; lower != no_node; lower = nodes_[lower].parent)
        if (lower == upper) return true;
    return false;
}

// The caller has stored the name already.
void WatchTree::link(NodeId node, NodeId parent)
{
    Node& it = nodes_[node];
    it.parent = parent;
    it.previous = no_node;
    it.next = nodes_[parent].first_child;
    if (it.next != no_node) nodes_[it.next].previous = node;
    nodes_[parent].first_child = node;
    by_name_.insert(node, [&](NodeId n) { return hash_of(n); });
}

void WatchTree::unlink(NodeId node)
{
    Node& it = nodes_[node];
    by_name_.erase(node, [&](NodeId n) { return hash_of(n); });
    if (it.previous != no_node)
        nodes_[it.previous].next = it.next;
    else
        nodes_[it.parent].first_child = it.next;
    if (it.next != no_node) nodes_[it.next].previous = it.previous;
}

void WatchTree::release(NodeId node, std::vector<int>& wds)
{
    const int wd = set_state(node, nodes_[node].state);
    if (wd >= 0) wds.push_back(wd);
    --counts_[static_cast<std::size_t>(nodes_[node].state)];
    dead_name_bytes_ += nodes_[node].name_bytes;
    nodes_[node] = Node();
    nodes_[node].free = true;
    nodes_[node].parent = free_;
    free_ = node;
    --size_;
}

void WatchTree::recount(NodeId node, NodeState state)
{
    --counts_[static_cast<std::size_t>(nodes_[node].state)];
    nodes_[node].state = state;
    ++counts_[static_cast<std::size_t>(state)];
}

void WatchTree::store_name(Node& node, std::string_view name)
{
    dead_name_bytes_ += node.name_bytes;
    LOCKSTEP_ASSERT(names_.size() + name.size() <= FlatIndex::none, "too many names for 32 bits");
    node.name_at = static_cast<std::uint32_t>(names_.size());
    node.name_bytes = static_cast<std::uint8_t>(name.size());
    names_.insert(names_.end(), name.begin(), name.end());
}

// Renames and drops leave dead bytes behind; at most as many as live ones stay.
void WatchTree::compact_names()
{
    if (dead_name_bytes_ < dead_name_bytes_min || dead_name_bytes_ * 2 < names_.size()) return;
    std::vector<char> names;
    names.reserve(names_.size() - dead_name_bytes_);
    for (Node& node : nodes_) {
        if (node.free) continue;
        const char* const old = names_.data() + node.name_at;
        node.name_at = static_cast<std::uint32_t>(names.size());
        names.insert(names.end(), old, old + node.name_bytes);
    }
    names_ = std::move(names);
    dead_name_bytes_ = 0;
}

}  // namespace lockstep::watcher
