// What goes wrong at a destination, and how long it is left alone because of that.
#pragma once

#include "agent/plan/dirty_path.h"
#include "agent/status/snapshot.h"
#include "base/error.h"
#include "config/config.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace lockstep::agent {

struct Trouble {
    Trouble() = default;
    explicit Trouble(const Error& error)
        : kind(error.kind()), remedy(error.remedy()), message(error.what())
    {
    }

    ErrorKind kind = ErrorKind::local;
    Remedy remedy = Remedy::retry;
    std::string message;
    std::vector<std::string> paths;
    std::string advice{};  // with the next two: once it is noted
    status::WallTime at{};
};

// The trouble of the sessions lasts until one of them works, and each makes the wait for the next
// one longer. The last trouble of any kind is remembered for people. Time is passed in.
class Troubles {
public:
    using TimePoint = plan::TimePoint;

    static constexpr std::size_t paths_shown_max = 20;

    Troubles(config::Retry retry, config::Scheme scheme);

    // Of paths, or of one that a session was given up over. False: it is what was noted last.
    bool note(Trouble trouble);
    bool note_failed_session(Trouble trouble, TimePoint now);
    void session_worked();
    // A daemon that gives up over one path (its disk is full) may do so over many others.
    void path_set_aside() noexcept { ++set_aside_in_a_row_; }
    bool may_set_aside() const noexcept { return set_aside_in_a_row_ < set_aside_max; }
    // A person, or the source's return, ends the wait.
    void try_again();
    void source_is_back();
    // All has arrived.
    void forget_last() { last_.reset(); }

    // Before what failed `attempts` times is tried again.
    std::chrono::milliseconds delay_after(std::uint32_t attempts);
    // The next session has to; none: it may begin.
    std::optional<TimePoint> waits_until(TimePoint now) const;

    bool of_session() const noexcept { return session_.has_value(); }
    bool needs_person() const noexcept
    {
        return session_ && session_->remedy == Remedy::needs_person;
    }
    // The sessions fail on the way there.
    bool cut_off() const noexcept;
    const std::optional<Trouble>& last() const noexcept { return last_; }
    void tell(status::Destination& told) const;

private:
    static constexpr std::uint32_t set_aside_max = 8;  // in a row, before the others wait as well

    config::Retry retry_;
    config::Scheme scheme_;
    std::mt19937 random_;
    std::optional<Trouble> session_;  // since the last session that worked
    std::optional<Trouble> last_;
    std::optional<TimePoint> not_before_;
    std::uint32_t attempts_ = 0;  // sessions that failed in a row
    std::uint32_t set_aside_in_a_row_ = 0;
    std::uint64_t count_ = 0;
};

}  // namespace lockstep::agent
