// Durations ("250ms", "10m") and sizes ("64KiB", "1GB") as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::config {

// A whole number and one of ms, s, m, h, d; a bare 0 too. None: it is no duration, or one that does
// not fit into 64 bits of milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// A whole number of bytes, or of B, KiB, MiB, GiB, TiB (powers of 1024), KB, MB, GB, TB (powers of
// 1000).
std::optional<std::uint64_t> parse_size(std::string_view text);

// In the largest unit that gives a whole number: parse_duration(format_duration(d)) == d for d >=
// 0.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace lockstep::config
