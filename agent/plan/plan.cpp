#include "agent/plan/plan.h"

#include "base/assert.h"
#include "base/path.h"

#include <set>

namespace lockstep::plan {
namespace {

using transport::DirKind;
using transport::Entry;

// Content below this is sent again with the rest rather than in a session of its own.
constexpr std::uint64_t small_file_bytes = 64 * 1024;

const std::optional<Entry>& at(const Observed& observed, const std::string& path)
{
    const auto found = observed.at.find(path);
    LOCKSTEP_ASSERT(found != observed.at.end(),
                    "every path of a batch and its ancestors are observed");
    return found->second;
}

// One list under construction: entries by path, so that no name stands twice.
class ListBuilder {
public:
    explicit ListBuilder(const Observed& observed) : observed_(observed) {}

    void add(const std::string& path, const Entry& entry)
    {
        const auto known = entries_.find(path);
        if (known != entries_.end() && known->second.dir_kind == DirKind::content) return;
        entries_.insert_or_assign(path, entry);
        add_parents(path);
    }

    void remove(const std::string& path)
    {
        Entry gone;
        gone.path = path;
        if (entries_.emplace(path, gone).second) add_parents(path);
    }

    bool empty() const { return entries_.empty(); }
    bool has(const std::string& path) const { return entries_.contains(path); }

    transport::PushList take()
    {
        transport::PushList list;
        list.entries.reserve(entries_.size());
        for (auto& [path, entry] : entries_) {
            entry.path = path.empty() ? "." : path;
            list.entries.push_back(std::move(entry));
        }
        return list;
    }

private:
    // With their true attributes: what changes inside a directory changes its times at both ends.
    void add_parents(const std::string& path)
    {
        std::string_view parent = path;
        while (!parent.empty()) {
            parent = parent_of(parent);
            const std::string name(parent);
            if (entries_.contains(name)) return;
            const std::optional<Entry>& entry = at(observed_, name);
            LOCKSTEP_ASSERT(entry && entry->is_directory(),
                            "the parent of an entry is a directory");
            Entry plain = *entry;
            plain.dir_kind = DirKind::plain;
            entries_.emplace(name, std::move(plain));
        }
    }

    const Observed& observed_;
    std::map<std::string, Entry> entries_;
};

// Deletions below a deleted path say nothing.
std::vector<std::string> topmost(const std::set<std::string>& paths)
{
    std::vector<std::string> top;
    for (const std::string& path : paths) {
        bool covered = false;
        for (std::string_view up = parent_of(path); !covered && !up.empty(); up = parent_of(up))
            covered = paths.contains(std::string(up));
        if (!covered) top.push_back(path);
    }
    return top;
}

struct Sorted {
    std::map<std::string, Look> present;
    std::set<std::string> gone;
    std::vector<std::string> subtrees;
};

Sorted sort_out(const Batch& batch, const Observed& observed)
{
    Sorted sorted;
    for (const DirtyPath& dirty : batch.paths) {
        const std::string path = deciding_path(dirty.path, observed);
        const std::optional<Entry>& entry = at(observed, path);
        if (!entry) {
            sorted.gone.insert(path);
            continue;
        }
        Look look = path == dirty.path ? dirty.look : Look::content;
        if (look >= Look::listing && entry->is_directory()) {
            sorted.subtrees.push_back(path);
            continue;
        }
        if (look >= Look::listing) look = Look::content;
        const auto [known, fresh] = sorted.present.emplace(path, look);
        if (!fresh) known->second = std::max(known->second, look);
    }
    return sorted;
}

}  // namespace

std::string deciding_path(const std::string& path, const Observed& observed)
{
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        const std::string ancestor = path.substr(0, slash);
        const std::optional<Entry>& entry = at(observed, ancestor);
        if (!entry || !entry->is_directory()) return ancestor;
    }
    return path;
}

Plan make_plan(const Batch& batch, const Observed& observed, const PlanOptions& options)
{
    const std::optional<Entry>& root = at(observed, std::string());
    LOCKSTEP_ASSERT(root && root->is_directory(),
                    "nothing is planned for a source that is not there");

    Plan plan;
    const Sorted sorted = sort_out(batch, observed);
    std::vector<std::string> deletions = topmost(sorted.gone);
    if (!options.delete_live) deletions.clear();
    plan.deletions = sorted.gone.size();
    if (options.deletes_max && sorted.gone.size() > *options.deletes_max && options.delete_live) {
        plan.withheld.assign(sorted.gone.begin(), sorted.gone.end());
        plan.deletions = 0;
        deletions.clear();
    }

    ListBuilder content(observed);   // sent whatever size and time say
    ListBuilder compared(observed);  // sent where size and time differ
    bool reads_content = false;
    for (const auto& [path, look] : sorted.present)
        if (look == Look::content && at(observed, path)->is_regular()) reads_content = true;

    for (const ObservedSubtree& subtree : observed.subtrees) {
        // An empty source is more often a mount that is missing than a wish.
        const bool suspicious =
            subtree.path.empty() && subtree.entries.size() <= 1 && !options.accept_empty;
        for (const Entry& entry : subtree.entries) {
            Entry listed = entry;
            if (!options.delete_compare || suspicious) listed.dir_kind = DirKind::plain;
            compared.add(entry.path, listed);
        }
    }
    ListBuilder& cheap = reads_content ? content : compared;
    for (const auto& [path, look] : sorted.present) {
        const Entry& entry = *at(observed, path);
        const bool apart =
            entry.is_regular() && look == Look::attributes && entry.size > small_file_bytes;
        if (apart)
            compared.add(path, entry);
        else
            cheap.add(path, entry);
    }
    // Not in the session of a compare: the daemon counts what its --max-delete may still remove
    // there, down to each file of a directory that was only moved away; these have been counted
    // already.
    ListBuilder& deleting = sorted.subtrees.empty() ? cheap : content;
    for (const std::string& path : deletions)
        if (!deleting.has(path)) deleting.remove(path);

    if (!content.empty()) {
        Step step;
        step.list = content.take();
        step.ignore_times = true;
        step.delete_missing = !deletions.empty() && &deleting == &content;
        plan.steps.push_back(std::move(step));
    }
    if (!compared.empty()) {
        Step step;
        step.list = compared.take();
        step.delete_missing = !deletions.empty() && &deleting == &compared;
        step.delete_extras = !sorted.subtrees.empty() && options.delete_compare;
        plan.steps.push_back(std::move(step));
    }
    return plan;
}

}  // namespace lockstep::plan
