#include "agent/push/follow_links.h"

#include "base/path.h"

#include <algorithm>
#include <map>
#include <set>

namespace lockstep::push {
namespace {

using plan::Look;
using transport::Entry;

bool has_links(const plan::Observed& observed)
{
    const auto is_linked = [](const Entry& entry) { return entry.link_count > 1; };
    return std::any_of(observed.at.begin(), observed.at.end(),
                       [&](const auto& one) { return one.second && is_linked(*one.second); }) ||
           std::any_of(observed.subtrees.begin(), observed.subtrees.end(),
                       [&](const plan::ObservedSubtree& subtree) {
                           return std::any_of(subtree.entries.begin(), subtree.entries.end(),
                                              is_linked);
                       });
}

class Follower {
public:
    Follower(LinkIndex& links, const plan::Batch& batch, const plan::Observed& observed,
             bool whole_source)
        : links_(links), batch_(batch), observed_(observed), whole_source_(whole_source)
    {
        for (const plan::DirtyPath& dirty : batch.paths) {
            Look& look = batch_looks_[dirty.path];
            look = std::max(look, dirty.look);
        }
        for (const plan::ObservedSubtree& subtree : observed.subtrees)
            subtrees_.insert(subtree.path);
    }

    // Before the index learns what there is now.
    void follow_what_was()
    {
        if (whole_source_) return;
        for (const plan::DirtyPath& dirty : batch_.paths) {
            const Look look = std::min(dirty.look, Look::content);
            want(links_.siblings_as_seen(dirty.path), look);
            // A directory that went, or perhaps did: what became of the files in it is told under
            // other names, or not at all.
            if (dirty.look >= Look::listing || !directory_at(dirty.path))
                want(links_.siblings_as_seen_below(dirty.path), Look::attributes);
        }
    }

    void learn(const plan::Observed& observed)
    {
        for (const auto& [path, entry] : observed.at) {
            if (entry && entry->link_count > 1)
                links_.saw(path, *entry, entry->link_count);
            else
                links_.lost(path);
            if (!entry || !entry->is_directory()) links_.lost_below(path);
        }
        for (const plan::ObservedSubtree& subtree : observed.subtrees)
            for (const Entry& entry : subtree.entries)
                if (entry.link_count > 1) links_.saw(entry.path, entry, entry.link_count);
    }

    void follow_what_is()
    {
        for (const plan::DirtyPath& dirty : batch_.paths) {
            // What is below a file that took a directory's place is sent as that file.
            const std::string path = plan::deciding_path(dirty.path, observed_);
            const auto found = observed_.at.find(path);
            if (found == observed_.at.end() || !found->second) continue;
            const bool itself = path == dirty.path;
            follow(*found->second, path,
                   itself ? std::min(dirty.look, Look::content) : Look::content);
        }
        for (const plan::ObservedSubtree& subtree : observed_.subtrees)
            for (const Entry& entry : subtree.entries) follow(entry, entry.path, Look::attributes);
    }

    bool unknown() const { return unknown_; }

    // What joined an earlier push that broke.
    void follow_what_is_owed()
    {
        for (const auto& [path, look] : links_.joined())
            if (!is_in_batch(path, look)) wanted_.emplace(path, look);
    }

    // Taken away: they are in the batch now, and their other names have to be.
    plan::Batch take_others()
    {
        plan::Batch batch;
        for (const auto& [path, look] : wanted_) {
            batch.paths.push_back({path, look, 0, {}, 0, {}});
            Look& known = batch_looks_[path];
            known = std::max(known, look);
        }
        wanted_.clear();
        return batch;
    }

    void follow(const plan::Batch& others, const plan::Observed& seen)
    {
        for (const plan::DirtyPath& dirty : others.paths) {
            const auto found = seen.at.find(dirty.path);
            if (found != seen.at.end() && found->second)
                follow(*found->second, dirty.path, dirty.look);
        }
    }

private:
    bool directory_at(const std::string& path) const
    {
        const auto found = observed_.at.find(path);
        return found != observed_.at.end() && found->second && found->second->is_directory();
    }

    void follow(const Entry& entry, const std::string& path, Look look)
    {
        if (entry.is_directory() || entry.link_count < 2) return;
        unknown_ = unknown_ || (!whole_source_ && links_.incomplete(entry, entry.link_count));
        want(links_.siblings(path, entry), look);
    }

    void want(const std::vector<std::string>& paths, Look look)
    {
        for (const std::string& path : paths) {
            if (is_in_batch(path, look)) continue;
            if (look == Look::attributes && is_compared(path)) continue;
            links_.join(path, look);
            Look& wanted = wanted_[path];
            wanted = std::max(wanted, look);
        }
    }

    bool is_in_batch(const std::string& path, Look look) const
    {
        const auto known = batch_looks_.find(path);
        return known != batch_looks_.end() && known->second >= look;
    }

    bool is_compared(const std::string& path) const
    {
        return subtrees_.contains(std::string(parent_of(path)));
    }

    LinkIndex& links_;
    const plan::Batch& batch_;
    const plan::Observed& observed_;
    const bool whole_source_;
    std::map<std::string, Look> batch_looks_;
    std::set<std::string> subtrees_;
    std::map<std::string, Look> wanted_;
    bool unknown_ = false;
};

}  // namespace

bool follow_links(const Beneath& source, const ObserveOptions& options, LinkIndex& links,
                  plan::Batch& batch, Observation& observation, const FollowLinks& how)
{
    // Most sources have no such files.
    if (links.empty() && !has_links(observation.observed)) return false;
    Follower follower(links, batch, observation.observed, how.whole_source);
    follower.follow_what_was();
    follower.learn(observation.observed);
    follower.follow_what_is();
    if (how.first_piece) follower.follow_what_is_owed();
    // A name that joins may be one of another file by now, whose other names join as well.
    for (;;) {
        plan::Batch others = follower.take_others();
        if (others.empty()) break;
        Observation more = observe(source, others, options);
        follower.learn(more.observed);
        follower.follow(others, more.observed);
        observation.observed.at.merge(more.observed.at);
        observation.sightings.append(more.sightings);
        for (Unobserved& one : more.unobserved) observation.unobserved.push_back(std::move(one));
        for (plan::DirtyPath& dirty : others.paths) batch.paths.push_back(std::move(dirty));
    }
    return follower.unknown();
}

}  // namespace lockstep::push
