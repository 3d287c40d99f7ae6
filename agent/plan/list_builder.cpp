#include "agent/plan/list_builder.h"

#include "base/assert.h"
#include "base/path.h"

#include <sys/stat.h>

namespace lockstep::plan {

using transport::DirKind;
using transport::Entry;

const std::optional<Entry>& seen_at(const Observed& observed, const std::string& path)
{
    const auto found = observed.at.find(path);
    LOCKSTEP_ASSERT(found != observed.at.end(),
                    "every path of a batch and its ancestors are observed");
    return found->second;
}

void ListBuilder::add(Entry entry)
{
    const auto known = entries_.lower_bound(entry.path);
    if (known == entries_.end() || known->path != entry.path) {
        const auto added = entries_.insert(known, std::move(entry));
        add_parents(added->path);
    } else if (known->dir_kind != DirKind::content) {
        auto node = entries_.extract(known);
        node.value() = std::move(entry);
        entries_.insert(std::move(node));
    }
}

void ListBuilder::remove(const std::string& path)
{
    Entry gone;
    gone.path = path;
    if (entries_.insert(std::move(gone)).second) add_parents(path);
}

bool ListBuilder::fits(const std::string& path) const
{
    if (has(path)) return false;
    for (std::string_view up = parent_of(path); !up.empty(); up = parent_of(up)) {
        const auto listed = entries_.find(up);
        if (listed != entries_.end()) return listed->is_directory();
    }
    return true;
}

void ListBuilder::add_only_there(const Entry& entry)
{
    LOCKSTEP_ASSERT(fits(entry.path), "no name stands twice, and none below a file");
    for (std::string_view up = parent_of(entry.path);; up = parent_of(up)) {
        if (has(up)) break;
        const std::string name(up);
        const auto seen = observed_.at.find(name);
        Entry parent;
        if (seen != observed_.at.end() && seen->second && seen->second->is_directory()) {
            parent = *seen->second;
            parent.dir_kind = DirKind::plain;
        } else {
            parent.path = name;
            parent.mode = S_IFDIR | 0755;
            parent.dir_kind = DirKind::implied;
        }
        entries_.insert(std::move(parent));
        if (up.empty()) break;
    }
    entries_.insert(entry);
}

transport::PushList ListBuilder::take()
{
    transport::PushList list;
    list.entries.reserve(entries_.size());
    while (!entries_.empty()) {
        auto node = entries_.extract(entries_.begin());
        if (node.value().path.empty()) node.value().path.push_back('.');
        list.entries.push_back(std::move(node.value()));
    }
    return list;
}

void ListBuilder::add_parents(std::string_view path)
{
    std::string_view parent = path;
    if (last_parent_ == parent_of(path)) return;
    last_parent_ = parent_of(path);
    while (!parent.empty()) {
        parent = parent_of(parent);
        if (has(parent)) return;
        const std::optional<Entry>& entry = seen_at(observed_, std::string(parent));
        LOCKSTEP_ASSERT(entry && entry->is_directory(), "the parent of an entry is a directory");
        Entry plain = *entry;
        plain.dir_kind = DirKind::plain;
        entries_.insert(std::move(plain));
    }
}

}  // namespace lockstep::plan
