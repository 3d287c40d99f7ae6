#include "config/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace lockstep::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 5> duration_units{{
    {"d", 86'400'000},
    {"h", 3'600'000},
    {"m", 60'000},
    {"s", 1'000},
    {"ms", 1},
}};

constexpr std::array<Unit, 10> size_units{{
    {"", 1},
    {"B", 1},
    {"KiB", std::uint64_t{1} << 10},
    {"MiB", std::uint64_t{1} << 20},
    {"GiB", std::uint64_t{1} << 30},
    {"TiB", std::uint64_t{1} << 40},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t max)
{
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc()) return std::nullopt;

    const std::string_view name(rest, static_cast<std::size_t>(end - rest));
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        if (number > max / unit.factor) return std::nullopt;
        return number * unit.factor;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    using std::chrono::milliseconds;
    if (text == "0") return milliseconds(0);
    constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<milliseconds::rep>::max());
    const std::optional<std::uint64_t> ms = parse(text, duration_units, max);
    if (!ms) return std::nullopt;
    return milliseconds(static_cast<milliseconds::rep>(*ms));
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    return parse(text, size_units, std::numeric_limits<std::uint64_t>::max());
}

std::string format_duration(std::chrono::milliseconds duration)
{
    const auto ms = duration.count();
    if (ms == 0) return "0s";
    for (const Unit& unit : duration_units) {
        const auto factor = static_cast<std::chrono::milliseconds::rep>(unit.factor);
        if (ms % factor == 0) return std::to_string(ms / factor) + std::string(unit.name);
    }
    return {};  // not reached: 1 divides everything
}

}  // namespace lockstep::config
