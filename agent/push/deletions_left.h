// How many more deletions a push may do, divided among its sessions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace lockstep::push {

// Each session gets a part which no other may use, and what it did not need comes back.
class DeletionsLeft {
public:
    using Max = std::optional<std::uint64_t>;  // none: as many as there are

    explicit DeletionsLeft(Max left) : left_(left) {}

    Max left() const noexcept { return left_; }

    void spend(std::uint64_t deletions) noexcept
    {
        if (left_) *left_ -= std::min(*left_, deletions);
    }

    Max take_all() noexcept { return take(left_); }
    Max take_half() noexcept { return take(left_ ? Max(*left_ / 2) : left_); }
    void give_back(Max part, std::uint64_t spent) noexcept
    {
        if (left_) *left_ += *part - std::min(*part, spent);
    }

private:
    Max take(Max part) noexcept
    {
        if (left_) *left_ -= *part;
        return part;
    }

    Max left_;
};

}  // namespace lockstep::push
