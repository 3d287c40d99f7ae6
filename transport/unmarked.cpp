#include "transport/unmarked.h"

#include "base/assert.h"
#include "base/path.h"
#include "transport/filter_rules.h"

#include <set>

namespace lockstep::transport {

Unmarked without_marks(const PushList& list, int protocol)
{
    std::set<std::string, std::less<>> parents;  // "." is the root
    Unmarked unmarked;
    unmarked.list.io_error = list.io_error;
    unmarked.list.entries.reserve(list.entries.size());
    for (const Entry& entry : list.entries) {
        if (!entry.is_delete()) {
            unmarked.list.entries.push_back(entry);
            continue;
        }
        const std::string_view parent = parent_of(entry.path);
        parents.emplace(parent.empty() ? "." : parent);
        unmarked.rules.push_back("+ /" + literal_pattern(entry.path));
    }
    if (parents.empty()) return unmarked;

    std::size_t found = 0;
    for (Entry& entry : unmarked.list.entries) {
        if (!entry.is_directory()) continue;
        const bool is_parent = parents.contains(entry.path);
        if (is_parent) ++found;
        // Before protocol 30 a directory of content makes all below it one (PROTOCOL.md 11.5).
        if (!is_parent && protocol >= 30) continue;
        entry.dir_kind = DirKind::content;
        const std::string below = entry.path == "." ? "" : escaped_in_pattern(entry.path) + "/";
        unmarked.rules.push_back("- /" + below + "*");
    }
    LOCKSTEP_ASSERT(found == parents.size(), "the parent of a mark is in its list");
    return unmarked;
}

}  // namespace lockstep::transport
