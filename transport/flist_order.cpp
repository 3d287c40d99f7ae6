// Which index each entry has once the peer has sorted the list (PROTOCOL.md 12).
#include "transport/flist.h"

#include <algorithm>
#include <cstring>

namespace lockstep::transport {
namespace {

// All that a comparison needs, side by side: entries themselves are far apart in memory.
struct Key {
    const unsigned char* path;
    std::uint32_t bytes;
    std::uint32_t position;
    bool directory;
    bool dot;  // the entry "."
};

std::uint32_t common_prefix(const Key& a, const Key& b)
{
    const std::uint32_t shorter = std::min(a.bytes, b.bytes);
    std::uint32_t i = 0;
    for (; i + 8 <= shorter; i += 8) {
        std::uint64_t left;
        std::uint64_t right;
        std::memcpy(&left, a.path + i, 8);
        std::memcpy(&right, b.path + i, 8);
        if (left != right) break;
    }
    while (i < shorter && a.path[i] == b.path[i]) ++i;
    return i;
}

// True when the component that `at` lies in is the last one of a non-directory.
bool is_item(const Key& key, std::uint32_t at)
{
    if (key.directory) return false;
    return at >= key.bytes || std::memchr(key.path + at, '/', key.bytes - at) == nullptr;
}

// Since protocol 29: in each directory what is no directory comes first, then each subdirectory
// with its content. Up to the first difference the components are equal, so that one decides
// everything.
bool before_by_level(const Key& a, const Key& b)
{
    if (a.dot || b.dot) return a.dot && !b.dot;
    const std::uint32_t at = common_prefix(a, b);
    const bool a_is_item = is_item(a, at);
    const bool b_is_item = is_item(b, at);
    if (a_is_item != b_is_item) return a_is_item;
    // A path counts as if a '/' stood behind it, an item ends before everything.
    const int end = a_is_item ? -1 : '/';
    const int left = at < a.bytes ? a.path[at] : end;
    const int right = at < b.bytes ? b.path[at] : end;
    if (left != right) return left < right;
    return a.bytes < b.bytes;  // a directory and its content, or equal names
}

// Before: the bytes of the whole path.
bool before_by_bytes(const Key& a, const Key& b)
{
    const std::uint32_t at = common_prefix(a, b);
    const int left = at < a.bytes ? a.path[at] : -1;
    const int right = at < b.bytes ? b.path[at] : -1;
    return left < right;
}

}  // namespace

std::vector<std::uint32_t> sorted_order(const std::vector<Entry>& entries, int protocol)
{
    std::vector<Key> keys;
    keys.reserve(entries.size());
    for (const Entry& entry : entries)
        keys.push_back({reinterpret_cast<const unsigned char*>(entry.path.data()),
                        static_cast<std::uint32_t>(entry.path.size()),
                        static_cast<std::uint32_t>(keys.size()), entry.is_directory(),
                        entry.path == "."});

    const auto before = protocol >= 29 ? before_by_level : before_by_bytes;
    // Lists are mostly made in the order of a walk, which is this one or near it.
    if (!std::is_sorted(keys.begin(), keys.end(), before))
        std::stable_sort(keys.begin(), keys.end(), before);

    std::vector<std::uint32_t> order;
    order.reserve(keys.size());
    for (const Key& key : keys) order.push_back(key.position);
    return order;
}

}  // namespace lockstep::transport
