#include "config/patterns.h"

#include "base/path.h"

#include <string>

namespace lockstep::config {
namespace {

constexpr std::size_t pattern_bytes_max = 4000;  // a daemon takes lines a little over PATH_MAX

bool has_rule_prefix(std::string_view pattern)
{
    return pattern.starts_with("- ") || pattern.starts_with("+ ") || pattern == "!";
}

void check_pattern(const Value& item, std::string_view source, Diagnostics& out)
{
    const std::string_view pattern = item.text;
    if (pattern.size() > pattern_bytes_max)
        out.expected(item.place, item.key, "a pattern of at most 4000 bytes",
                     std::to_string(pattern.size()));
    if (pattern.find_first_not_of('/') == std::string_view::npos)
        out.expected(item.place, item.key, "a pattern that can match a name", described(item));

    if (source.size() > 1 && is_at_or_below(pattern, source)) {
        const std::string_view rest = pattern.substr(source.size());
        const bool itself = rest.empty() || rest == "/";
        out.expected(item.place, item.key,
                     quoted(itself ? "/**" : rest) + " (patterns are anchored at the source)",
                     described(item));
    }
    if (std::string_view(" \t\n\r").find(pattern.back()) != std::string_view::npos)
        out.warning(
            item.place, item.key,
            "the pattern ends with a blank, which a name must have too: " + described(item));
    if (has_rule_prefix(pattern))
        out.warning(item.place, item.key,
                    "taken as a name that begins like this, not as rsync's rule prefix: " +
                        described(item));
}

}  // namespace

void check_patterns(const Value& list, std::string_view source, Diagnostics& out)
{
    if (list.kind != Value::Kind::list) return;
    for (const Value& item : list.items)
        if (item.kind == Value::Kind::scalar && !item.text.empty())
            check_pattern(item, source, out);
}

}  // namespace lockstep::config
