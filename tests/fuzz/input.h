// What libFuzzer hands over, in the forms that the decoders take.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lockstep::fuzz {

// The choices of a target come first, one byte each; the rest is the peer's. Never runs out: what
// is missing is 0.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    // 0 to `count` - 1.
    int choice(int count)
    {
        if (rest_.empty()) return 0;
        const int chosen = rest_.front() % count;
        rest_ = rest_.subspan(1);
        return chosen;
    }

    // At most `limit` bytes off the front.
    std::span<const std::byte> piece(std::size_t limit)
    {
        const auto taken = rest_.first(std::min(limit, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return std::as_bytes(taken);
    }

    std::span<const std::byte> bytes() const { return std::as_bytes(rest_); }
    std::string_view text() const
    {
        return {reinterpret_cast<const char*>(rest_.data()), rest_.size()};
    }
    bool empty() const { return rest_.empty(); }

private:
    std::span<const std::uint8_t> rest_;
};

}  // namespace lockstep::fuzz

// libFuzzer's own name for what it calls with every input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
