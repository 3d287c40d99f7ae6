// What a daemon was found to refuse, of all that a push can do without.
#pragma once

#include "base/error.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep::push {

enum class Ask : std::uint8_t {
    deletions,    // of what is gone, in a push that may have to delete
    moves,        // links to what is there, in the place of data
    appends,      // the tail alone
    overwrites,   // in place
    large_files,  // block sizes, and that a part is kept
    compression,  // where it is ours to choose
};

// What one session asks for.
class Asks {
public:
    void add(Ask ask) noexcept { bits_ |= bit(ask); }
    bool contains(Ask ask) const noexcept { return (bits_ & bit(ask)) != 0; }

private:
    friend class Refusals;
    static constexpr std::uint32_t bit(Ask ask) noexcept
    {
        return std::uint32_t{1} << static_cast<unsigned>(ask);
    }

    std::uint32_t bits_ = 0;
};

// Only ever grows. Any thread.
class Refusals {
public:
    void add(Ask ask) noexcept { bits_ |= Asks::bit(ask); }
    bool contains(Ask ask) const noexcept { return (bits_ & Asks::bit(ask)) != 0; }

private:
    std::atomic<std::uint32_t> bits_ = 0;
};

// What of that the error is about. A daemon names the option as it knows it. None: it is no
// refusal, or of what the session cannot do without.
std::optional<Ask> refused_of(const Asks& asked, const Error& error);

}  // namespace lockstep::push
