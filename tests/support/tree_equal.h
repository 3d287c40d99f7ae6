// The oracle: what differs between two local trees.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lockstep::testing {

using Lines = std::vector<std::string>;

// The lines of `rsync -naicHAX --numeric-ids --delete --modify-window=-1 ARGS SRC/ DST/`: empty
// when rsync itself would have nothing to do, down to contents, nanoseconds, links, ACLs and
// xattrs. An error of rsync is a line too. `REQUIRE(tree_differences(src, dst) == Lines{})` shows
// what differs.
Lines tree_differences(const std::string& source, const std::string& destination,
                       const std::vector<std::string>& extra_args = {});

struct Compare {
    bool owners = true;
    bool modes = true;
    bool times = true;
    bool xattrs = true;                                     // ACLs are two of them
    bool hard_links = true;                                 // which paths are one file
    std::function<bool(const std::string& path)> ignore{};  // with everything below
};

// An own walk, independent of rsync and faster: "a/b: mode 0644, there 0600". Reports at most 50.
Lines quick_differences(const std::string& source, const std::string& destination,
                        const Compare& compare = {});

}  // namespace lockstep::testing
