#include "base/log.h"

#include "base/error.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>

namespace lockstep::log {
namespace {

struct State {
    std::mutex mutex;  // guards the two below; a line copies the pointer and lets go
    Settings settings;
    std::shared_ptr<spdlog::logger> logger;
    std::atomic<Level> level{Level::info};
    std::atomic<Format> format{Format::text};
};

State& state()
{
    static State instance;
    return instance;
}

spdlog::level::level_enum spdlog_level(Level level)
{
    switch (level) {
        case Level::trace:
            return spdlog::level::trace;
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string_view level_name(Level level)
{
    switch (level) {
        case Level::trace:
            return "trace";
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            return "error";
    }
    return "info";
}

std::shared_ptr<spdlog::logger> make_logger(const Settings& settings)
{
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (settings.file) {
        try {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(*settings.file);
        } catch (const spdlog::spdlog_ex& failure) {
            throw Error(ErrorKind::local, Remedy::needs_person,
                        std::string("log.file: ") + failure.what());
        }
    } else {
        sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    auto logger = std::make_shared<spdlog::logger>("lockstep", sink);
    logger->set_level(spdlog::level::trace);  // `enabled` decided before
    logger->flush_on(spdlog::level::trace);   // a line is in the file when the call returns
    if (settings.format == Format::text)
        logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    else
        logger->set_pattern("{\"%v}", spdlog::pattern_time_type::utc);
    return logger;
}

// Strings handed to us are UTF-8 already (base/path.h escapes what is not).
void append_json(std::string& out, std::string_view text)
{
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
            out += escape.data();
        } else {
            out += c;
        }
    }
}

void append_member(std::string& out, std::string_view key, std::string_view value)
{
    out += ",\"";
    out += key;
    out += "\":\"";
    append_json(out, value);
    out += '"';
}

std::string timestamp()
{
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 40> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text.data() + length, text.size() - length, ".%03dZ", static_cast<int>(millis));
    return text.data();
}

// Elastic Common Schema 8: flat dotted keys; our own facts under lockstep.*.
std::string ecs_line(Level level, std::string_view component, std::string_view message,
                     std::initializer_list<Field> fields)
{
    std::string out = "@timestamp\":\"" + timestamp() + "\"";
    append_member(out, "log.level", level_name(level));
    append_member(out, "message", message);
    append_member(out, "ecs.version", "8.11.0");
    append_member(out, "service.name", "lockstep");
    append_member(out, "event.dataset", std::string("lockstep.") + std::string(component));
    for (const Field& field : fields)
        append_member(out, std::string("lockstep.") + std::string(field.key), field.value);
    return out;
}

std::string json_line(Level level, std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields)
{
    std::string out = "time\":\"" + timestamp() + "\"";
    append_member(out, "level", level_name(level));
    append_member(out, "component", component);
    append_member(out, "message", message);
    for (const Field& field : fields) append_member(out, field.key, field.value);
    return out;
}

std::string text_line(std::string_view component, std::string_view message,
                      std::initializer_list<Field> fields)
{
    std::string out(component);
    out += ": ";
    out += message;
    for (const Field& field : fields) {
        out += ' ';
        out += field.key;
        out += '=';
        out += field.value;
    }
    return out;
}

std::shared_ptr<spdlog::logger> current()
{
    State& s = state();
    const std::lock_guard lock(s.mutex);
    if (!s.logger) s.logger = make_logger(s.settings);
    return s.logger;
}

}  // namespace

void configure(const Settings& settings)
{
    auto logger = make_logger(settings);
    State& s = state();
    const std::lock_guard lock(s.mutex);
    s.settings = settings;
    s.logger = std::move(logger);
    s.level = settings.level;
    s.format = settings.format;
}

void reopen()
{
    Settings settings;
    {
        State& s = state();
        const std::lock_guard lock(s.mutex);
        settings = s.settings;
    }
    configure(settings);
}

bool enabled(Level level) noexcept
{
    return level >= state().level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view component, std::string_view message,
           std::initializer_list<Field> fields)
{
    if (!enabled(level)) return;
    const Format format = state().format.load(std::memory_order_relaxed);
    std::string line;
    switch (format) {
        case Format::text:
            line = text_line(component, message, fields);
            break;
        case Format::json:
            line = json_line(level, component, message, fields);
            break;
        case Format::ecs:
            line = ecs_line(level, component, message, fields);
            break;
    }
    current()->log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace lockstep::log
