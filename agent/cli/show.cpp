#include "agent/cli/show.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace lockstep::cli {
namespace {

enum class Mood { good, busy, bad };

Mood mood_of(const std::string& state)
{
    if (state == "in_step" || state == "live") return Mood::good;
    if (state == "syncing" || state == "connecting" || state == "scanning" || state == "rescanning")
        return Mood::busy;
    return Mood::bad;
}

std::string painted(const std::string& padded, const std::string& state, bool colour)
{
    if (!colour) return padded;
    switch (mood_of(state)) {
        case Mood::good:
            return "\x1b[32m" + padded + "\x1b[0m";
        case Mood::busy:
            return "\x1b[36m" + padded + "\x1b[0m";
        case Mood::bad:
            return "\x1b[1;31m" + padded + "\x1b[0m";
    }
    return padded;
}

// Characters, not bytes: continuation bytes take no room.
std::size_t width_of(const std::string& text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string one_decimal(double number, const char* unit)
{
    std::array<char, 48> out{};
    std::snprintf(out.data(), out.size(), "%.1f %s", number, unit);
    return out.data();
}

constexpr std::size_t columns = 6;
using Row = std::array<std::string, columns>;
Row titles()
{
    return {"DESTINATION", "STATE", "PENDING", "LAG", "FILES", "SENT"};
}

constexpr std::size_t state_column = 1;
constexpr std::size_t first_number_column = 2;  // numbers stand right

Row row_of(const DestinationView& destination)
{
    return {destination.url,
            destination.state,
            std::to_string(destination.pending),
            lag_text(destination.lag_ms),
            std::to_string(destination.files_sent),
            bytes_text(destination.bytes_sent)};
}

using Widths = std::array<std::size_t, columns>;

Widths widths_of(const StatusView& status)
{
    Widths widths{};
    const auto widen = [&](const Row& row) {
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    };
    widen(titles());
    for (const MappingView& mapping : status.mappings)
        for (const DestinationView& destination : mapping.destinations) widen(row_of(destination));
    return widths;
}

std::string line_of(const Row& row, const Widths& widths, bool colour)
{
    std::string line = "  ";
    for (std::size_t i = 0; i < columns; ++i) {
        const std::string gap(widths[i] - width_of(row[i]), ' ');
        std::string cell = i < first_number_column ? row[i] + gap : gap + row[i];
        if (i == state_column) cell = painted(cell, row[i], colour);
        line += (i == 0 ? "" : "  ") + cell;
    }
    return line + '\n';
}

std::string trouble_of(const DestinationView& destination)
{
    std::string lines;
    if (destination.last_error) {
        const ErrorView& error = *destination.last_error;
        lines += "    " + error.at + " " + error.kind + ": " + error.message + '\n';
        for (const std::string& path : error.paths) lines += "      " + path + '\n';
        if (!error.advice.empty()) lines += "    advice: " + error.advice + '\n';
    }
    if (!destination.retry_at.empty()) lines += "    next try: " + destination.retry_at + '\n';
    return lines;
}

std::string head_of(const MappingView& mapping, bool colour)
{
    std::string lines = mapping.name + "  " + mapping.source + "  " +
                        painted(mapping.state, mapping.state, colour) + ", " +
                        std::to_string(mapping.directories) + " directories";
    if (mapping.polled_directories > 0)
        lines += ", " + std::to_string(mapping.polled_directories) + " of them polled";
    lines += '\n';
    if (!mapping.detail.empty()) lines += "  " + mapping.detail + '\n';
    for (const std::string& path : mapping.unreadable) lines += "  unreadable: " + path + '\n';
    return lines;
}

}  // namespace

std::string table(const StatusView& status, bool colour)
{
    std::string out = "lockstep " + status.version + ", pid " + std::to_string(status.pid) + ", " +
                      status.state + " since " + status.started_at + ", " +
                      std::to_string(status.watches) + " of " +
                      std::to_string(status.max_user_watches) + " watches\n";
    const Widths widths = widths_of(status);
    for (const MappingView& mapping : status.mappings) {
        out += '\n' + head_of(mapping, colour);
        if (!mapping.destinations.empty()) out += line_of(titles(), widths, false);
        for (const DestinationView& destination : mapping.destinations)
            out += line_of(row_of(destination), widths, colour) + trouble_of(destination);
    }
    return out;
}

std::string lag_text(std::uint64_t ms)
{
    if (ms < 1000) return std::to_string(ms) + " ms";
    if (ms < 120'000) return one_decimal(static_cast<double>(ms) / 1000, "s");
    if (ms < 7'200'000) return std::to_string(ms / 60'000) + " min";
    return one_decimal(static_cast<double>(ms) / 3'600'000, "h");
}

std::string bytes_text(std::uint64_t bytes)
{
    constexpr std::array<const char*, 6> units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return std::to_string(bytes) + " B";
    double shown = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    // 1023.95 would be shown as 1024.0.
    while (shown >= 1023.95 && unit + 1 < units.size()) {
        shown /= 1024;
        ++unit;
    }
    return one_decimal(shown, units[unit]);
}

bool is_degraded(const StatusView& status)
{
    for (const MappingView& mapping : status.mappings) {
        if (mood_of(mapping.state) == Mood::bad) return true;
        for (const DestinationView& destination : mapping.destinations)
            if (destination.state != "in_step" && destination.state != "syncing") return true;
    }
    return false;
}

}  // namespace lockstep::cli
