// How daemons of each protocol greet, for Line::greeting of a proxy.
#pragma once

#include <string>
#include <vector>

namespace lockstep::testing {

struct OldGreeting {
    std::string line;
    int protocol;
};

inline std::vector<OldGreeting> old_greetings()
{
    return {{"@RSYNCD: 27", 27},
            {"@RSYNCD: 28", 28},
            {"@RSYNCD: 29", 29},
            {"@RSYNCD: 30.0", 30},
            {"@RSYNCD: 31.0", 31}};
}

}  // namespace lockstep::testing
