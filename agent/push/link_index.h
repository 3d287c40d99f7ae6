// Which names of the source are one file: for the hard links of which only one name is ever in an
// event.
#pragma once

#include "transport/push_list.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::push {

// A write through one name changes the file under all its names, and a rename over one of them
// leaves the others; the kernel names one. Filled by every look at an entry with more than one
// link; complete for what a compare of the whole source has seen. Only files with several links
// cost memory.
class LinkIndex {
public:
    using File = std::pair<std::uint64_t, std::uint64_t>;  // device and inode, as in Entry::link_*

    void saw(const std::string& path, const transport::Entry& entry, std::uint64_t links);
    // This name is no such file any more.
    void lost(const std::string& path);
    // A compare of the whole source is over: what it did not find lies outside.
    void whole_source_seen();

    // The other names of the file.
    std::vector<std::string> siblings(const std::string& path, const transport::Entry& entry) const;
    // True when the file has more links than names are known and than the last whole look accounted
    // for.
    bool incomplete(const transport::Entry& entry, std::uint64_t links) const;

private:
    struct Names {
        std::set<std::string> paths;
        std::uint64_t links = 0;
        std::uint64_t links_accounted_for = 0;  // at the last look at the whole source
    };
    std::map<File, Names> files_;
    std::map<std::string, File> by_path_;
};

}  // namespace lockstep::push
