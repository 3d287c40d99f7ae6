// Which names of the source are one file: for the hard links of which only one name is ever in an
// event.
#pragma once

#include "agent/plan/dirty_set.h"
#include "transport/push_list.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::push {

using transport::link_device;

// Files with several names that a walk of the source came by.
struct LinksSeen {
    struct Link {
        std::string path;
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::uint64_t links = 0;
    };
    std::vector<Link> links;
    bool whole_source = false;  // there are no others, but for what moved while it was walked
    plan::TimePoint begun{};    // of the whole source
    plan::TimePoint ended{};
};

// What the watcher heard of, in order, whether or not it has been looked at since. Of "": others
// before it were not kept.
struct LinkMove {
    std::string from;
    std::string to;
    bool directory = false;
    plan::TimePoint at{};  // when it was heard, which is after it happened
};

// A write through one name changes the file under all its names, and a rename over one of them
// leaves the others; the kernel names one. Filled by every look at an entry with more than one
// link; complete for what a compare of the whole source has seen. Only files with several links
// cost memory.
class LinkIndex {
public:
    using File = std::pair<std::uint64_t, std::uint64_t>;  // device and inode, as in Entry::link_*

    void saw(const std::string& path, const transport::Entry& entry, std::uint64_t links);
    void saw(const LinksSeen& seen);
    // This name is no such file any more; nor is any below the directory.
    void lost(const std::string& path);
    void lost_below(const std::string& directory);
    // A compare of the whole source begins, and is over: what it did not find lies outside, but for
    // files that had fewer links when it began. A name made meanwhile may be where it had been.
    void whole_source_begins(plan::TimePoint now);
    void whole_source_seen(plan::TimePoint now);
    // Names go along with what is moved, so that a write under the new one, which may be gone again
    // before anybody looks, is a write under the others. The other names of what was moved over
    // join the next batch; and those of all files of which a name is missing, should it be the one
    // that escaped a look at the whole source.
    void moved(const std::vector<LinkMove>& moves);

    // The other names of the file.
    std::vector<std::string> siblings(const std::string& path, const transport::Entry& entry) const;
    // The other names of the file that `path`, or any path below it, was when it was last seen.
    std::vector<std::string> siblings_as_seen(const std::string& path) const;
    std::vector<std::string> siblings_as_seen_below(const std::string& directory) const;
    // Names that have joined a batch for another's sake: they join the next, too, until one has
    // arrived, for once the index has learnt what there is now nothing tells of them any more.
    void join(const std::string& path, plan::Look look);
    const std::map<std::string, plan::Look>& joined() const { return joined_; }
    void arrived() { joined_.clear(); }
    // No such file is known, and no name is to join.
    bool empty() const noexcept { return files_.empty() && joined_.empty(); }
    // True when the file has more links than names are known and than the last whole look accounted
    // for.
    bool incomplete(const transport::Entry& entry, std::uint64_t links) const;

private:
    using ByPath = std::map<std::string, File>;
    std::pair<ByPath::const_iterator, ByPath::const_iterator> below(
        const std::string& directory) const;
    void add_others(const std::string& path, const File& file,
                    std::vector<std::string>& others) const;
    void saw(const std::string& path, File file, std::uint64_t links);
    bool moved(const std::string& from, const std::string& to);
    bool moved_directory(const std::string& from, const std::string& to);
    bool while_looking(plan::TimePoint heard) const;
    void join_all(bool incomplete_only);

    struct Names {
        std::set<std::string> paths;
        std::uint64_t links = 0;
        std::uint64_t links_before = 0;         // when the last such look began
        std::uint64_t links_accounted_for = 0;  // at the last look at the whole source
    };
    std::map<File, Names> files_;
    ByPath by_path_;
    std::map<std::string, plan::Look> joined_;
    struct WholeLook {
        plan::TimePoint begun{};
        plan::TimePoint ended{};
    };
    std::vector<WholeLook> whole_looks_;  // the last ones
};

}  // namespace lockstep::push
