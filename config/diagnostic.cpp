#include "config/diagnostic.h"

#include <algorithm>
#include <numeric>

namespace lockstep::config {
namespace {

std::string with_key(std::string_view key, std::string_view text)
{
    std::string line(key);
    if (!key.empty()) line += ": ";
    return line += text;
}

// Levenshtein's distance; two letters swapped count as one slip, like one wrong letter.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

void Diagnostics::error(Place place, std::string_view key, std::string_view text)
{
    errors_.emplace(place, with_key(key, text));
}

void Diagnostics::warning(Place place, std::string_view key, std::string_view text)
{
    warnings_.emplace(place, with_key(key, text));
}

void Diagnostics::expected(Place place, std::string_view key, std::string_view what,
                           std::string_view found)
{
    error(place, key, "expected " + std::string(what) + ", found " + std::string(found));
}

std::vector<std::string> Diagnostics::rendered(const Lines& lines) const
{
    std::vector<std::string> out;
    for (const auto& [place, text] : lines) {
        if (out.size() == lines_max) {
            out.push_back(file_ + ": and " + std::to_string(lines.size() - lines_max) + " more");
            break;
        }
        out.push_back(file_ + ':' + std::to_string(place.line) + ':' +
                      std::to_string(place.column) + ": " + text);
    }
    return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known)
{
    constexpr std::size_t word_max = 64;  // beyond it nothing we know is close
    if (word.size() < 2 || word.size() > word_max) return {};

    std::string_view best;
    std::size_t best_distance =
        std::min<std::size_t>(3, std::max<std::size_t>(1, word.size() / 3)) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t d = distance(word, candidate);
        if (d >= best_distance) continue;
        best = candidate;
        best_distance = d;
    }
    if (!best.empty() || word.size() < 4) return best;

    // "password" for "password_file".
    for (const std::string_view candidate : known)
        if (candidate.starts_with(word) || word.starts_with(candidate)) return candidate;
    return {};
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known)
{
    const std::string_view close = nearest(word, known);
    return close.empty() ? "" : " (did you mean '" + std::string(close) + "'?)";
}

}  // namespace lockstep::config
