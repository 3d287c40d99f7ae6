#include "config/filter.h"

#include "base/path.h"
#include "config/wildcard.h"

#include <algorithm>

namespace lockstep::config {
namespace {

constexpr std::string_view wildcards = "*?[";

// Free of wildcards and of backslashes that would escape them.
bool is_plain(std::string_view text)
{
    return text.find_first_of("*?[\\") == std::string_view::npos;
}

// The last `n` components; none (false) when the path has fewer.
bool tail_of(std::string_view path, std::size_t n, std::string_view& tail)
{
    std::size_t start = path.size();
    while (n > 0) {
        if (start == 0) return false;
        const std::size_t slash = path.rfind('/', start - 1);
        --n;
        if (slash == std::string_view::npos) {
            if (n > 0) return false;
            tail = path;
            return true;
        }
        start = slash;
    }
    tail = path.substr(start + 1);
    return true;
}

}  // namespace

Filter::Filter(const std::vector<std::string>& include, const std::vector<std::string>& exclude)
{
    const auto add = [this](const std::vector<std::string>& patterns, bool included) {
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            Rule rule = compiled(patterns[i]);
            rule.include = included;
            rule.key = (included ? "include[" : "exclude[") + std::to_string(i) + ']';
            rules_.push_back(std::move(rule));
        }
    };
    rules_.reserve(include.size() + exclude.size());
    add(include, true);
    add(exclude, false);
}

Filter::Rule Filter::compiled(const std::string& pattern)
{
    Rule rule;
    rule.pattern = pattern;
    std::string_view body = pattern;
    if (body.size() > 1 && body.ends_with('/')) {
        rule.directories_only = true;
        body.remove_suffix(1);
    }
    const bool wild = body.find_first_of(wildcards) != std::string_view::npos;
    const bool over_slashes = body.find("**") != std::string_view::npos;
    const auto slashes = static_cast<std::size_t>(std::count(body.begin(), body.end(), '/'));
    const bool anchored = body.starts_with('/');
    rule.slash_before = body.starts_with("**");
    rule.slash_after = body.ends_with("***");
    if (anchored) body.remove_prefix(1);

    if (slashes == 0 && !over_slashes) {
        if (!wild) {
            rule.test = Test::name_is;
        } else if (is_plain(body.substr(1)) && body.front() == '*') {
            rule.test = Test::name_ends;
            body.remove_prefix(1);
        } else if (is_plain(body.substr(0, body.size() - 1)) && body.back() == '*') {
            rule.test = Test::name_starts;
            body.remove_suffix(1);
        } else {
            rule.test = Test::name_fits;
        }
    } else if (!wild) {
        rule.test = anchored ? Test::path_is : Test::path_ends;
    } else if (anchored || rule.slash_before) {
        rule.test = Test::path_fits;
    } else if (over_slashes) {
        rule.test = Test::part_fits;
    } else {
        rule.test = Test::tail_fits;
        rule.tail_components = slashes + 1;
    }
    rule.body = body;
    return rule;
}

bool Filter::matches(const Rule& rule, std::string_view path, bool directory)
{
    if (rule.directories_only && !directory) return false;
    const std::string_view body = rule.body;
    const PatternText whole{path, rule.slash_before, rule.slash_after && directory};
    switch (rule.test) {
        case Test::name_is:
            return name_of_path(path) == body;
        case Test::name_starts:
            return name_of_path(path).starts_with(body);
        case Test::name_ends:
            return name_of_path(path).ends_with(body);
        case Test::path_is:
            return path == body;
        case Test::path_ends:
            return path.ends_with(body) &&
                   (path.size() == body.size() || path[path.size() - body.size() - 1] == '/');
        case Test::name_fits:
            return wildcard_matches(body, {name_of_path(path)});
        case Test::path_fits:
            return wildcard_matches(body, whole);
        case Test::part_fits:
            return wildcard_matches_after_slash(body, whole);
        case Test::tail_fits: {
            std::string_view tail;
            return tail_of(path, rule.tail_components, tail) && wildcard_matches(body, {tail});
        }
    }
    return false;
}

const Filter::Rule* Filter::deciding(std::string_view path, bool directory) const
{
    if (path.empty()) return nullptr;  // the source itself is always sent
    for (const Rule& rule : rules_)
        if (matches(rule, path, directory)) return &rule;
    return nullptr;
}

bool Filter::excludes_entry(std::string_view path, bool directory) const
{
    const Rule* rule = deciding(path, directory);
    return rule != nullptr && !rule->include;
}

bool Filter::excludes(std::string_view path, bool directory) const
{
    if (rules_.empty()) return false;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        if (excludes_entry(path.substr(0, slash), true)) return true;
    }
    return excludes_entry(path, directory);
}

std::string Filter::deciding_rule(std::string_view path, bool directory) const
{
    const Rule* rule = nullptr;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
        rule = deciding(path.substr(0, slash), true);
        if (rule && !rule->include) return rule->key + ' ' + quoted(rule->pattern);
    }
    rule = deciding(path, directory);
    return rule ? rule->key + ' ' + quoted(rule->pattern) : std::string();
}

// The prefix ends at its blank and the length is sent apart, so that whatever follows is the
// pattern:
// "- - x", "- !" and trailing blanks arrive as they are. Understood by every protocol version.
std::vector<std::string> Filter::wire_rules() const
{
    std::vector<std::string> lines;
    lines.reserve(rules_.size());
    for (const Rule& rule : rules_) lines.push_back((rule.include ? "+ " : "- ") + rule.pattern);
    return lines;
}

}  // namespace lockstep::config
