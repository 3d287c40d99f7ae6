#include "agent/plan/plan.h"

#include "agent/plan/list_builder.h"
#include "base/assert.h"
#include "base/path.h"

#include <algorithm>
#include <set>

namespace lockstep::plan {
namespace {

using transport::DirKind;
using transport::Entry;

// Content below this is sent again with the rest rather than in a session of its own.
constexpr std::uint64_t small_file_bytes = 64 * 1024;

// Deletions below a deleted path say nothing.
std::vector<std::string> topmost(const std::set<std::string>& paths)
{
    std::vector<std::string> top;
    for (const std::string& path : paths) {
        const auto is_one = [&](std::string_view up) { return paths.contains(std::string(up)); };
        if (!any_above(path, is_one)) top.push_back(path);
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
    std::optional<std::string> directory;  // the last that decided about nothing in it
    for (const DirtyPath& dirty : batch.paths) {
        const bool same = directory == parent_of(dirty.path);
        const std::string path = same ? dirty.path : deciding_path(dirty.path, observed);
        if (!same && path == dirty.path) directory = parent_of(path);
        const std::optional<Entry>& entry = seen_at(observed, path);
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

// Names of one file are made links of one another within a list only, and by the session that
// finds them apart; so the last list that has one of them has them all.
void keep_links_together(const ListBuilder& content, ListBuilder& compared)
{
    if (content.empty() || compared.empty()) return;
    using File = std::pair<std::uint64_t, std::uint64_t>;
    std::set<File> files;
    for (const Entry& entry : compared.entries())
        if (entry.link_count > 1) files.emplace(entry.link_dev, entry.link_inode);
    if (files.empty()) return;
    for (const Entry& entry : content.entries())
        if (entry.link_count > 1 && files.contains({entry.link_dev, entry.link_inode}) &&
            !compared.has(entry.path)) {
            Entry once_more = entry;
            once_more.unasked = transport::Unasked::no;
            compared.add(std::move(once_more));
        }
}

bool goes(const Entry& entry, transport::Way way)
{
    return entry.is_regular() && entry.way == way && entry.link_count <= 1;
}

// Files that go a way of their own.
struct Apart {
    explicit Apart(const Observed& observed)
        : appended(observed), overwritten(observed), overwritten_if_other(observed)
    {
    }

    ListBuilder appended;
    ListBuilder overwritten;           // whatever size and time say
    ListBuilder overwritten_if_other;  // where they differ

    // False: the entry goes the usual way.
    bool take(const Entry& entry, bool whatever)
    {
        if (goes(entry, transport::Way::append))
            appended.add(entry);
        else if (goes(entry, transport::Way::in_place) && whatever)
            overwritten.add(entry);
        else if (goes(entry, transport::Way::in_place))
            overwritten_if_other.add(entry);
        else
            return false;
        return true;
    }

    void give_steps(std::vector<Step>& steps)
    {
        give_step(appended, transport::Way::append, true, steps);
        give_step(overwritten, transport::Way::in_place, true, steps);
        give_step(overwritten_if_other, transport::Way::in_place, false, steps);
    }

private:
    static void give_step(ListBuilder& list, transport::Way way, bool whatever,
                          std::vector<Step>& steps)
    {
        if (list.empty()) return;
        Step step;
        step.list = list.take();
        step.way = way;
        step.ignore_times = whatever;
        steps.push_back(std::move(step));
    }
};

}  // namespace

std::string deciding_path(const std::string& path, const Observed& observed)
{
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
        std::string ancestor = path.substr(0, slash);
        const std::optional<Entry>& entry = seen_at(observed, ancestor);
        if (!entry || !entry->is_directory()) return ancestor;
    }
    return path;
}

Plan make_plan(const Batch& batch, Observed observed, const PlanOptions& options)
{
    const std::optional<Entry>& root = seen_at(observed, std::string());
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
    Apart apart(observed);
    bool reads_content =
        std::any_of(observed.subtrees.begin(), observed.subtrees.end(),
                    [](const ObservedSubtree& subtree) { return !subtree.changed.empty(); });
    for (const auto& [path, look] : sorted.present)
        if (look >= Look::written && seen_at(observed, path)->is_regular()) reads_content = true;

    for (ObservedSubtree& subtree : observed.subtrees) {
        for (const std::size_t changed : subtree.changed)
            if (!apart.take(subtree.entries[changed], true)) content.add(subtree.entries[changed]);
        // An empty source is more often a mount that is missing than a wish.
        const bool suspicious =
            subtree.path.empty() && subtree.entries.size() <= 1 && !options.accept_empty;
        for (Entry& entry : subtree.entries) {
            if (!options.delete_compare || suspicious) entry.dir_kind = DirKind::plain;
            if (!apart.overwritten.has(entry.path)) apart.take(entry, false);
            compared.add(std::move(entry));
        }
    }
    // With the options of other live changes, for which a session is ready.
    ListBuilder& cheap = reads_content || sorted.subtrees.empty() ? content : compared;
    for (const auto& [path, look] : sorted.present) {
        Entry& entry = *observed.at.find(path)->second;
        if (apart.take(entry, look != Look::attributes)) continue;
        const bool large =
            entry.is_regular() && look == Look::attributes && entry.size > small_file_bytes;
        if (large) {
            compared.add(entry);
        } else if (entry.is_regular() && look == Look::content) {
            Entry sent = std::move(entry);  // nobody's parent
            // Unless more is known of the destination, or more must be known of what is sent.
            if (!sent.as_listed) sent.unasked = transport::Unasked::new_file;
            cheap.add(std::move(sent));
        } else {
            cheap.add(entry);
        }
    }
    keep_links_together(content, compared);
    // Not in the session of a compare: the daemon counts what its --max-delete may still remove
    // there, down to each file of a directory that was only moved away; these have been counted
    // already.
    const bool only_compares = content.empty() && !compared.empty();
    ListBuilder& deleting = !sorted.subtrees.empty() ? content : (only_compares ? compared : cheap);
    for (const std::string& path : deletions)
        if (!deleting.has(path)) deleting.remove(path);

    if (!content.empty()) {
        Step step;
        step.list = content.take();
        step.ignore_times = true;
        step.delete_missing = !deletions.empty() && &deleting == &content;
        plan.steps.push_back(std::move(step));
    }
    apart.give_steps(plan.steps);
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
