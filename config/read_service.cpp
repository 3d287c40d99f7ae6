#include "config/read_service.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

namespace lockstep::config {
namespace {

constexpr Choice<LogLevel> log_levels[] = {{"trace", LogLevel::trace},
                                           {"debug", LogLevel::debug},
                                           {"info", LogLevel::info},
                                           {"warn", LogLevel::warn},
                                           {"error", LogLevel::error}};
constexpr Choice<LogFormat> log_formats[] = {
    {"text", LogFormat::text}, {"json", LogFormat::json}, {"ecs", LogFormat::ecs}};

// The host of "host:port" or "[address]:port"; none when it is neither.
std::optional<std::string> host_of(const std::string& text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || rest != end || port == 0) return std::nullopt;

    const std::string host = text.substr(0, colon);
    if (host.front() == '[') {
        in6_addr ignored{};
        if (host.back() != ']') return std::nullopt;
        const std::string address = host.substr(1, host.size() - 2);
        if (::inet_pton(AF_INET6, address.c_str(), &ignored) != 1) return std::nullopt;
        return address;
    }
    if (host.find_first_of(":/ []") != std::string::npos) return std::nullopt;
    return host;
}

bool is_loopback(const std::string& host)
{
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void read_listen(Fields& fields, std::optional<std::string>& target)
{
    const Value* value = fields.find("listen");
    if (!value || value->kind == Value::Kind::null) return;
    constexpr std::string_view what = "HOST:PORT such as 127.0.0.1:9477 or [::1]:9477";
    const auto text = read_text(*value, what, fields.out());
    if (!text) return;
    const auto host = host_of(*text);
    if (!host) return fields.out().expected(value->place, value->key, what, described(*value));
    if (!is_loopback(*host))
        fields.out().warning(value->place, value->key,
                             "other hosts can read the status at " + described(*value));
    target = *text;
}

void read_path(Fields& fields, std::string_view name, std::string& target)
{
    std::optional<std::string> path = target;
    fields.absolute_path(name, path);
    if (path) {
        target = *path;
        return;
    }
    const Value& value = fields.value_or_map(name);
    fields.out().expected(value.place, value.key, "an absolute path", "nothing");
}

void read_limit(Fields& fields, std::string_view name, std::optional<std::uint64_t>& target)
{
    const Value* value = fields.find(name);
    if (!value) return;
    if (is_plain_word(*value, "keep")) {
        target.reset();
        return;
    }
    constexpr std::uint64_t max = 0x7fff'ffff;  // the kernel keeps them as int
    std::uint64_t number = 0;
    const bool is_number = value->kind == Value::Kind::scalar && !value->text.empty() &&
                           value->text.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number)
        fields.out().expected(value->place, value->key, "a whole number or keep",
                              described(*value));
    else if (const auto read = read_number(*value, 1, max, fields.out()))
        number = *read;
    if (number > 0) target = number;
}

}  // namespace

Service read_service(Fields fields)
{
    Service service;
    read_path(fields, "status_socket", service.status_socket);
    read_path(fields, "state_dir", service.state_dir);
    read_listen(fields, service.listen);
    fields.finish();

    constexpr std::size_t socket_bytes_max = 107;  // sun_path less its NUL
    if (service.status_socket.size() > socket_bytes_max) {
        const Value& value = fields.value_or_map("status_socket");
        fields.out().expected(value.place, value.key, "a path of at most 107 bytes",
                              std::to_string(service.status_socket.size()));
    }
    return service;
}

Log read_log(Fields fields)
{
    Log log;
    fields.choice("level", log_levels, log.level);
    fields.choice("format", log_formats, log.format);
    fields.absolute_path("file", log.file);
    fields.finish();
    return log;
}

Inotify read_inotify(Fields fields)
{
    Inotify inotify;
    read_limit(fields, "max_user_watches", inotify.max_user_watches);
    read_limit(fields, "max_user_instances", inotify.max_user_instances);
    read_limit(fields, "max_queued_events", inotify.max_queued_events);
    fields.finish();
    return inotify;
}

}  // namespace lockstep::config
