// Paths as lockstep knows them: bytes relative to a source, '/' between, "" the source itself.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// "" joined with "a" is "a".
std::string join(std::string_view parent, std::string_view name);

// "a/b" -> "a", "a" -> "", "" -> "".
std::string_view parent_of(std::string_view path) noexcept;

// "a/b" -> "b".
std::string_view name_of_path(std::string_view path) noexcept;

// Of one of the directories above the path, from the nearest to the source itself.
template <class Holds>
bool any_above(std::string_view path, Holds&& holds)
{
    while (!path.empty()) {
        path = parent_of(path);
        if (holds(path)) return true;
    }
    return false;
}

// True for equal paths too; everything is below "".
bool is_at_or_below(std::string_view path, std::string_view ancestor) noexcept;

// For people, logs and JSON: control bytes, backslash and what is not UTF-8 as \xNN, never
// ambiguous (a backslash itself is \\). The result is valid UTF-8.
std::string escaped(std::string_view bytes);
// The same between single quotes.
std::string quoted(std::string_view bytes);

}  // namespace lockstep
