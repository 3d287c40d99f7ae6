// A session that broke while files were under way: what its daemon may have done, and do still.
#pragma once

#include "base/error.h"
#include "transport/push_list.h"

#include <optional>
#include <set>
#include <string>

namespace lockstep::push {

// Sessions that we lost, of which nobody knows what their daemons do with the lists. One whose
// process was killed leaves the temporary file it was writing beside its target (PROTOCOL.md 18.1),
// and nobody there removes it.
struct LostSessions {
    void add(const Error& why, const transport::PushList& list);

    bool any = false;
    bool timed_out = false;             // one of them
    std::set<std::string> directories;  // whose content the lists were about
    std::set<std::string> names;        // what else was not to be, or to be no directory
};

class BrokenPush : public Error {
public:
    // `begun`: the daemon may have begun with the list of this session, or done one before it.
    explicit BrokenPush(const Error& why, std::optional<std::string> path = {}, bool begun = true,
                        LostSessions lost = {})
        : Error(why), path_(std::move(path)), begun_(begun), lost_(std::move(lost))
    {
    }
    // The daemon gave up over this one, and ended by itself.
    const std::optional<std::string>& path() const noexcept { return path_; }
    bool begun() const noexcept { return begun_; }
    const LostSessions& lost() const noexcept { return lost_; }

private:
    std::optional<std::string> path_;
    bool begun_;
    LostSessions lost_;
};

// One that was refused has begun nothing, whatever had been said ahead; of one that was lost nobody
// knows.
bool may_have_begun(const Error& error);

// What may be wrong with a session rather than with the work: its daemon went while it was parked
// or is not the one we took it for, or it does not take what it did not ask for.
enum class Doubt { none, session, unasked };

// `doubtful`: of the session something was taken for granted (SessionPool). `unasked`: it was sent
// what it did not ask for.
Doubt doubt_about(const Error& error, bool doubtful, bool unasked);

}  // namespace lockstep::push
