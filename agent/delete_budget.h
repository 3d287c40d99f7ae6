// `max_delete` over a sliding minute: how many more deletions a plan may do now.
#pragma once

#include "config/config.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace lockstep::agent {

// A share counts only once the mapping has more than 1000 entries (contract). Time is passed in.
class DeleteBudget {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit DeleteBudget(config::MaxDelete limit) : limit_(limit) {}

    // None: as many as there are, or a person allowed all of them.
    std::optional<std::uint64_t> left(std::uint64_t entries, TimePoint now)
    {
        if (all_allowed_) return std::nullopt;
        std::optional<std::uint64_t> allowed = limit_.count;
        if (!allowed && limit_.percent && entries > 1000) allowed = entries * *limit_.percent / 100;
        if (!allowed) return std::nullopt;
        while (!spent_.empty() && spent_.front().first + std::chrono::minutes(1) <= now)
            spent_.pop_front();
        std::uint64_t used = 0;
        for (const auto& [when, count] : spent_) used += count;
        return *allowed > used ? *allowed - used : 0;
    }

    void spend(std::uint64_t count, TimePoint now)
    {
        if (count > 0) spent_.emplace_back(now, count);
    }

    // Until they were done. Or only that it is tried again.
    void resume(bool allow_all) noexcept
    {
        all_allowed_ = all_allowed_ || allow_all;
        withheld_ = false;
    }
    void done() noexcept { all_allowed_ = false; }

    // More deletions than it allows: they wait for a person.
    void exceeded() noexcept { withheld_ = true; }
    bool withheld() const noexcept { return withheld_; }

private:
    config::MaxDelete limit_;
    bool all_allowed_ = false;
    bool withheld_ = false;
    std::deque<std::pair<TimePoint, std::uint64_t>> spent_;
};

}  // namespace lockstep::agent
