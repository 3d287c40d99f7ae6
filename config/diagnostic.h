// What is wrong with a configuration file, and where: collected, so that one run shows every
// mistake.
#pragma once

#include <compare>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::config {

// Both from 1, as editors count.
struct Place {
    std::size_t line = 1;
    std::size_t column = 1;
    auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr): C++20
};

// Lines read "FILE:12:13: mappings[0].batch.settle: expected a duration such as 250ms, found
// 'soon'". They come out in the order of the file and once each: a mistake under `defaults` is met
// again by every mapping.
class Diagnostics {
public:
    explicit Diagnostics(std::string file) : file_(std::move(file)) {}

    // `key` may be empty.
    void error(Place place, std::string_view key, std::string_view text);
    void warning(Place place, std::string_view key, std::string_view text);
    // "expected WHAT, found FOUND".
    void expected(Place place, std::string_view key, std::string_view what, std::string_view found);

    bool has_errors() const noexcept { return !errors_.empty(); }
    // At most lines_max, then one that says how many were left out.
    std::vector<std::string> errors() const { return rendered(errors_); }
    std::vector<std::string> warnings() const { return rendered(warnings_); }

    static constexpr std::size_t lines_max = 200;

private:
    using Lines = std::set<std::pair<Place, std::string>>;
    std::vector<std::string> rendered(const Lines& lines) const;

    std::string file_;
    Lines errors_;
    Lines warnings_;
};

// The known word that `word` is most likely a slip of; empty when none is close.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

// " (did you mean 'settle'?)", or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace lockstep::config
