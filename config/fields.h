// The keys of one map, read one by one into typed values; what nobody asked for is unknown.
#pragma once

#include "config/units.h"
#include "config/value.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::config {

// One word of an enumeration.
template <class E>
struct Choice {
    std::string_view name;
    E value;
};

struct DurationRange {
    std::chrono::milliseconds min;
    std::chrono::milliseconds max;
};

inline constexpr std::size_t list_items_max = 4'000;

// Readers of single values: none, and a line in `out`, when it is something else than `what`.
std::optional<std::string> read_text(const Value& value, std::string_view what, Diagnostics& out);
std::optional<std::vector<std::string>> read_texts(const Value& value, std::string_view what,
                                                   Diagnostics& out);
std::optional<std::uint64_t> read_number(const Value& value, std::uint64_t min, std::uint64_t max,
                                         Diagnostics& out);
bool is_plain_word(const Value& value, std::string_view word);

// A map and the one under it whose keys hold where the first has none (`defaults`). Either may be
// null.
//
// Each reader leaves its target as it is when the key is not there or is wrong, so that the
// defaults of the struct stay; what is wrong goes to the diagnostics. finish() reports the keys
// nobody asked for.
class Fields {
public:
    // `at` is where a missing key is reported.
    Fields(const Value* own, const Value* fallback, const Value& at, Diagnostics& out);

    // The value, or null when the key is not there.
    const Value* find(std::string_view name);
    // The same without the fallback; what the fallback says is for others to report.
    const Value* find_own(std::string_view name);
    // The map below `name`: own and fallback key by key; a null or a scalar here hides the
    // fallback's.
    Fields map(std::string_view name);

    void flag(std::string_view name, bool& target);
    void text(std::string_view name, std::string_view what, std::string& target);
    void texts(std::string_view name, std::string_view what, std::vector<std::string>& target);
    void duration(std::string_view name, DurationRange range, std::chrono::milliseconds& target);
    // Without a trailing '/'. A null gives none.
    void absolute_path(std::string_view name, std::optional<std::string>& target);

    template <class Number>
    void number(std::string_view name, Number min, Number max, Number& target)
    {
        const Value* value = find(name);
        if (!value) return;
        if (const auto read = read_number(*value, min, max, *out_))
            target = static_cast<Number>(*read);
    }

    template <class E, std::size_t n>
    void choice(std::string_view name, const Choice<E> (&choices)[n], E& target)
    {
        const Value* value = find(name);
        if (!value) return;
        std::vector<std::string_view> names;
        for (const Choice<E>& choice : choices) {
            if (value->kind == Value::Kind::scalar && value->text == choice.name) {
                target = choice.value;
                return;
            }
            names.push_back(choice.name);
        }
        report_choice(*value, names);
    }

    // "is required" for a key that is not there, at the map itself.
    void missing(std::string_view name, std::string_view what);
    void finish() const;

    // For checks across keys, where the reading is over.
    const Value& value_or_map(std::string_view name) const;
    // The value was read, and is not what was wanted.
    void refuse(std::string_view name, std::string_view wanted) const;
    Diagnostics& out() const { return *out_; }

private:
    void ask(std::string_view name);
    void report_choice(const Value& value, std::span<const std::string_view> names);

    const Value* own_;
    const Value* fallback_;
    const Value* at_;
    Diagnostics* out_;
    std::vector<std::string_view> asked_;  // literals
};

// "/a/b" for "/a//b/"; none when it is not absolute or has "." or ".." or a control byte in it.
std::optional<std::string> tidy_absolute_path(std::string_view text);

}  // namespace lockstep::config
