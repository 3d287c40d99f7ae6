#include "config/wildcard.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace lockstep::config {
namespace {

enum class Fit {
    match,
    mismatch,
    slash_in_way,  // a '*' met a '/': only a "**" to its left can still help
    hopeless,      // the text is used up, or the pattern is malformed: no start further right helps
};

std::uint8_t code_of(char c)
{
    return static_cast<std::uint8_t>(c);
}

struct NamedClass {
    std::string_view name;
    bool (*contains)(std::uint8_t);
};

constexpr bool is_lower(std::uint8_t c)
{
    return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(std::uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_digit(std::uint8_t c)
{
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(std::uint8_t c)
{
    return is_lower(c) || is_upper(c);
}
constexpr bool is_graph(std::uint8_t c)
{
    return c > 0x20 && c < 0x7f;
}

constexpr std::array<NamedClass, 12> named_classes{{
    {"alnum", [](std::uint8_t c) { return is_alpha(c) || is_digit(c); }},
    {"alpha", [](std::uint8_t c) { return is_alpha(c); }},
    {"blank", [](std::uint8_t c) { return c == ' ' || c == '\t'; }},
    {"cntrl", [](std::uint8_t c) { return c < 0x20 || c == 0x7f; }},
    {"digit", [](std::uint8_t c) { return is_digit(c); }},
    {"graph", [](std::uint8_t c) { return is_graph(c); }},
    {"lower", [](std::uint8_t c) { return is_lower(c); }},
    {"print", [](std::uint8_t c) { return is_graph(c) || c == ' '; }},
    {"punct", [](std::uint8_t c) { return is_graph(c) && !is_alpha(c) && !is_digit(c); }},
    {"space", [](std::uint8_t c) { return c == ' ' || (c >= 0x09 && c <= 0x0d); }},
    {"upper", [](std::uint8_t c) { return is_upper(c); }},
    {"xdigit",
     [](std::uint8_t c) {
         return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
     }},
}};

const NamedClass* class_named(std::string_view name)
{
    for (const NamedClass& named : named_classes)
        if (named.name == name) return &named;
    return nullptr;
}

struct ClassFit {
    bool inside;
    std::size_t length;  // of the whole class, "[…]"
};

// `pattern` begins with '['. None: the class does not end, or names one that does not exist.
std::optional<ClassFit> class_contains(std::string_view pattern, char byte)
{
    const std::uint8_t c = code_of(byte);
    std::size_t i = 1;
    const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) ++i;

    bool inside = false;
    int range_start = -1;  // the member before, where a '-' can follow it
    for (bool first = true;; first = false) {
        if (i >= pattern.size()) return std::nullopt;
        if (pattern[i] == ']' && !first) return ClassFit{inside != negated, i + 1};

        if (pattern[i] == '[' && pattern.substr(i + 1).starts_with(':')) {
            const std::size_t close = pattern.find(']', i + 2);
            if (close == std::string_view::npos) return std::nullopt;
            if (close > i + 2 && pattern[close - 1] == ':') {
                const NamedClass* named = class_named(pattern.substr(i + 2, close - i - 3));
                if (!named) return std::nullopt;
                inside = inside || named->contains(c);
                range_start = -1;
                i = close + 1;
                continue;
            }
        }

        const bool range = pattern[i] == '-' && range_start >= 0 && i + 1 < pattern.size() &&
                           pattern[i + 1] != ']';
        if (range) ++i;
        if (pattern[i] == '\\' && ++i == pattern.size()) return std::nullopt;
        const std::uint8_t member = code_of(pattern[i]);
        inside = inside || (range ? range_start <= c && c <= member : member == c);
        range_start = range ? -1 : member;
        ++i;
    }
}

Fit fit(std::string_view pattern, const PatternText& text, std::size_t at);

// `pattern` begins with '*'. Every star ends in one answer that its left neighbours believe, so the
// work stays polynomial whatever the pattern.
Fit fit_star(std::string_view pattern, const PatternText& text, std::size_t at)
{
    const std::size_t stars = std::min(pattern.find_first_not_of('*'), pattern.size());
    const bool over_slashes = stars > 1;
    const std::string_view rest = pattern.substr(stars);

    if (rest.empty()) {
        if (over_slashes) return Fit::match;
        for (; at < text.size(); ++at)
            if (text[at] == '/') return Fit::mismatch;
        return Fit::match;
    }
    for (; at < text.size(); ++at) {
        const Fit tail = fit(rest, text, at);
        if (tail == Fit::match || tail == Fit::hopeless) return tail;
        if (over_slashes) continue;
        if (tail == Fit::slash_in_way || text[at] == '/') return Fit::slash_in_way;
    }
    return Fit::hopeless;
}

Fit fit(std::string_view pattern, const PatternText& text, std::size_t at)
{
    while (!pattern.empty()) {
        if (pattern.front() == '*') return fit_star(pattern, text, at);
        if (at == text.size()) return Fit::hopeless;
        const char byte = text[at++];
        std::size_t used = 1;
        if (pattern.front() == '[') {
            const std::optional<ClassFit> found = class_contains(pattern, byte);
            if (!found) return Fit::hopeless;
            if (!found->inside || byte == '/') return Fit::mismatch;
            used = found->length;
        } else if (pattern.front() == '?') {
            if (byte == '/') return Fit::mismatch;
        } else {
            if (pattern.front() == '\\') used = 2;
            if (used > pattern.size() || pattern[used - 1] != byte) return Fit::mismatch;
        }
        pattern.remove_prefix(used);
    }
    return at == text.size() ? Fit::match : Fit::mismatch;
}

}  // namespace

bool wildcard_matches(std::string_view pattern, const PatternText& text)
{
    return fit(pattern, text, 0) == Fit::match;
}

bool wildcard_matches_after_slash(std::string_view pattern, const PatternText& text)
{
    Fit start = fit(pattern, text, 0);
    for (std::size_t i = 0; i < text.size() && start != Fit::match && start != Fit::hopeless; ++i)
        if (text[i] == '/') start = fit(pattern, text, i + 1);
    return start == Fit::match;
}

}  // namespace lockstep::config
