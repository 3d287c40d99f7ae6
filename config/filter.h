// rsync's include and exclude rules: parsed once, matched against paths, given out as lines for the
// wire.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::config {

// Rules anchored at the source, includes before excludes (contract). A path is excluded when the
// first rule that matches it, or that matches one of its ancestors, is an exclude: what lies below
// an excluded directory is never looked at, as in rsync.
//
// A pattern is taken as it is: "- x" and "!" are names here, not rsync's rule prefixes.
//
// Pattern rules as in rsync's manual: a leading '/' anchors at the source; a trailing '/' means
// directories only; a pattern with an inner '/' or with '**' matches against the path's tail (whole
// path when anchored), others against the last component; '*' stops at '/', '**' does not, '?' is
// one byte but '/', '[…]' a class, 'x/***' the directory and all below. Bytes, no locale.
// Thread-safe once built.
class Filter {
public:
    Filter() = default;
    Filter(const std::vector<std::string>& include, const std::vector<std::string>& exclude);

    // Of this name alone: its ancestors are taken as not excluded (a walk asks from the top down).
    bool excludes_entry(std::string_view path, bool directory) const;
    // Of the path and all its ancestors.
    bool excludes(std::string_view path, bool directory) const;

    // The rule that decides on `path`, for `check --path`: "exclude[2] '*.tmp'", or empty.
    std::string deciding_rule(std::string_view path, bool directory) const;

    // "+ pattern" and "- pattern", in order, for a receiver that deletes (PROTOCOL.md 10).
    std::vector<std::string> wire_rules() const;

    bool empty() const noexcept { return rules_.empty(); }

private:
    // How a rule is tried, decided once: most patterns need no wildcard matching at all.
    enum class Test {
        name_is,      // "cache"
        name_starts,  // "core.*", "core*"
        name_ends,    // "*.tmp", "*"
        path_is,      // "/a/b"
        path_ends,    // "a/b"
        name_fits,    // "x?[0-9]"
        path_fits,    // "/a/*.o", "**/x"
        tail_fits,    // "a/*.o": as many components as the pattern has
        part_fits,    // "a/**/b": from the start, or from behind any slash
    };
    struct Rule {
        bool include = false;
        std::string pattern;  // as written
        std::string key;      // "exclude[2]"
        Test test = Test::name_is;
        std::string body;  // what `test` compares
        bool directories_only = false;
        bool slash_before = false;        // "**…": the path is tried with a '/' in front
        bool slash_after = false;         // "…***": a directory is tried with a '/' behind
        std::size_t tail_components = 0;  // of tail_fits
    };
    static Rule compiled(const std::string& pattern);
    static bool matches(const Rule& rule, std::string_view path, bool directory);
    // The first rule that matches this entry, its ancestors apart.
    const Rule* deciding(std::string_view path, bool directory) const;

    std::vector<Rule> rules_;
};

}  // namespace lockstep::config
