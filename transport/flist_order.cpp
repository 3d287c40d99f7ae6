// Which index each entry has once the peer has sorted the list (PROTOCOL.md 12).
#include "transport/flist.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace lockstep::transport {
namespace {

// All that most comparisons need, side by side: the paths themselves are far apart in memory.
struct Key {
    const unsigned char* path;
    std::uint64_t head;  // the 8 bytes behind what all paths share, the first one highest, zeros
                         // behind the end
    std::uint32_t bytes;
    std::uint32_t after_last_slash;
    std::uint32_t position;
    bool directory;
    bool dot;  // the entry "."
};

std::uint64_t head_of(std::string_view rest)
{
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < 8; ++i)
        head = head << 8 | (i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U);
    return head;
}

// How the two kinds of order compare; all paths are equal up to `shared`.
struct Order {
    std::uint32_t shared = 0;

    // A name has no NUL in it, so that the zeros behind a shorter one differ too.
    std::uint32_t first_difference(const Key& a, const Key& b) const
    {
        if (a.head != b.head)
            return shared + static_cast<std::uint32_t>(std::countl_zero(a.head ^ b.head)) / 8;
        const std::uint32_t shorter = std::min(a.bytes, b.bytes);
        std::uint32_t i = std::min(shared + 8, shorter);
        for (; i + 8 <= shorter; i += 8)
            if (std::memcmp(a.path + i, b.path + i, 8) != 0) break;
        while (i < shorter && a.path[i] == b.path[i]) ++i;
        return i;
    }

    int at(const Key& key, std::uint32_t i, int end) const
    {
        if (i >= key.bytes) return end;
        const std::uint32_t in_head = i - shared;
        return in_head < 8 ? static_cast<int>(key.head >> (56 - 8 * in_head) & 0xff) : key.path[i];
    }
};

// Since protocol 29: in each directory what is no directory comes first, then each subdirectory
// with its content. Up to the first difference the components are equal, so that one decides
// everything.
struct ByLevel : Order {
    // True when the component that `i` lies in is the last one of a non-directory.
    static bool is_item(const Key& key, std::uint32_t i)
    {
        return !key.directory && key.after_last_slash <= i;
    }

    bool operator()(const Key& a, const Key& b) const
    {
        if (a.dot || b.dot) return a.dot && !b.dot;
        const std::uint32_t i = first_difference(a, b);
        const bool a_is_item = is_item(a, i);
        if (a_is_item != is_item(b, i)) return a_is_item;
        // A path counts as if a '/' stood behind it, an item ends before everything.
        const int end = a_is_item ? -1 : '/';
        const int left = at(a, i, end);
        const int right = at(b, i, end);
        if (left != right) return left < right;
        return a.bytes < b.bytes;  // a directory and its content, or equal names
    }
};

// Before: the bytes of the whole path.
struct ByBytes : Order {
    bool operator()(const Key& a, const Key& b) const
    {
        const std::uint32_t i = first_difference(a, b);
        return at(a, i, -1) < at(b, i, -1);
    }
};

template <typename Before>
void sort(std::vector<Key>& keys, Before before)
{
    // Lists are mostly made in the order of a walk, which is this one or near it.
    if (!std::is_sorted(keys.begin(), keys.end(), before))
        std::stable_sort(keys.begin(), keys.end(), before);
}

bool is_dot(const Entry& entry)
{
    return entry.path == ".";
}

// Bytes that all paths begin with; "." has its own place in the newer order and does not count
// there.
std::size_t shared_prefix(const std::vector<Entry>& entries, bool without_dot)
{
    std::optional<std::string_view> shared;
    for (const Entry& entry : entries) {
        if (without_dot && is_dot(entry)) continue;
        if (!shared) shared = entry.path;
        const std::string_view path = entry.path;
        const std::size_t limit = std::min(path.size(), shared->size());
        std::size_t i = 0;
        while (i < limit && path[i] == (*shared)[i]) ++i;
        shared = shared->substr(0, i);
    }
    return shared ? shared->size() : 0;
}

}  // namespace

std::vector<std::uint32_t> sending_order(const std::vector<Entry>& entries)
{
    std::vector<std::uint32_t> order(entries.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_partition(order.begin(), order.end(),
                          [&](std::uint32_t position) { return entries[position].is_delete(); });
    return order;
}

std::vector<std::uint32_t> sorted_order(const std::vector<Entry>& entries, int protocol)
{
    const bool by_level = protocol >= 29;
    const std::size_t shared = shared_prefix(entries, by_level);
    std::vector<Key> keys;
    keys.reserve(entries.size());
    for (const Entry& entry : entries) {
        const std::string_view path = entry.path;
        const std::string_view rest = path.substr(std::min(shared, path.size()));
        const std::size_t slash = path.rfind('/');
        keys.push_back({reinterpret_cast<const unsigned char*>(path.data()), head_of(rest),
                        static_cast<std::uint32_t>(path.size()),
                        slash == std::string_view::npos ? 0 : static_cast<std::uint32_t>(slash + 1),
                        static_cast<std::uint32_t>(keys.size()), entry.is_directory(),
                        is_dot(entry)});
    }
    const Order order_by{static_cast<std::uint32_t>(shared)};
    if (by_level)
        sort(keys, ByLevel{order_by});
    else
        sort(keys, ByBytes{order_by});

    std::vector<std::uint32_t> order;
    order.reserve(keys.size());
    for (const Key& key : keys) order.push_back(key.position);
    return order;
}

}  // namespace lockstep::transport
