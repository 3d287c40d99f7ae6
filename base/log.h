// The log: levels, formats and the file are decided once at start; spdlog appears in log.cpp only.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::log {

enum class Level { trace, debug, info, warn, error };
enum class Format { text, json, ecs };

struct Settings {
    Level level = Level::info;
    Format format = Format::text;
    std::optional<std::string> file;  // none: stderr
    bool operator==(const Settings&) const = default;
};

// One more fact of a line, beside its sentence; the value is escaped by the caller if a peer or a
// file system had a hand in it (base/path.h).
struct Field {
    std::string_view key;
    std::string value;
};

// Throws Error(local) when the file cannot be opened. Until it is called, lines of info and above
// go to stderr as text. May be called again (reload).
void configure(const Settings& settings);

// Closes and opens the file again, after logrotate moved it.
void reopen();

bool enabled(Level level) noexcept;

// `component` is who speaks: "agent", "watch", "push". Any thread.
void write(Level level, std::string_view component, std::string_view message,
           std::initializer_list<Field> fields = {});

inline void debug(std::string_view component, std::string_view message,
                  std::initializer_list<Field> fields = {})
{
    write(Level::debug, component, message, fields);
}
inline void info(std::string_view component, std::string_view message,
                 std::initializer_list<Field> fields = {})
{
    write(Level::info, component, message, fields);
}
inline void warn(std::string_view component, std::string_view message,
                 std::initializer_list<Field> fields = {})
{
    write(Level::warn, component, message, fields);
}
inline void error(std::string_view component, std::string_view message,
                  std::initializer_list<Field> fields = {})
{
    write(Level::error, component, message, fields);
}

}  // namespace lockstep::log
