#include "config/read_destination.h"

#include "base/path.h"

namespace lockstep::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

std::optional<DestinationUrl> read_url(const Value& value, Diagnostics& out)
{
    if (value.kind != Value::Kind::scalar) {
        out.expected(value.place, value.key, "a URL such as rsync://host/module/path",
                     described(value));
        return std::nullopt;
    }
    UrlResult result = parse_destination_url(value.text);
    if (result.url) return result.url;
    Value shown = value;
    shown.text = without_password(value.text);
    out.expected(value.place, value.key, result.expected, described(shown));
    return std::nullopt;
}

// What is no path may be the password itself, so it is not shown.
void read_password_path(Fields& fields, std::optional<std::string>& target)
{
    const Value* value = fields.find("password_file");
    if (!value || value->kind == Value::Kind::null) return;
    if (value->kind == Value::Kind::scalar) target = tidy_absolute_path(value->text);
    if (!target)
        fields.out().expected(value->place, value->key,
                              "the absolute path of a file that holds the password",
                              "no such path");
}

void read_bandwidth(Fields& fields, std::optional<std::uint64_t>& target)
{
    const Value* value = fields.find("bandwidth_limit");
    if (!value || value->kind == Value::Kind::null) return;
    const auto read = value->kind == Value::Kind::scalar ? parse_size(value->text) : std::nullopt;
    if (read && *read >= 1024)
        target = read;
    else
        fields.out().expected(value->place, value->key,
                              "a size for each second of at least 1KiB, such as 512KiB or 10MiB",
                              described(*value));
}

void read_retry(Fields fields, Retry& retry)
{
    constexpr DurationRange range{milliseconds(1), hours(24)};
    fields.duration("initial", range, retry.initial);
    fields.duration("max", range, retry.max);
    fields.finish();
    if (retry.initial <= retry.max) return;
    const Value& value = fields.value_or_map("initial");
    fields.out().expected(value.place, value.key,
                          "at most retry.max, which is " + format_duration(retry.max),
                          "'" + format_duration(retry.initial) + "'");
}

void check_together(const Destination& destination, const Fields& fields)
{
    const DestinationUrl& url = destination.url;
    const bool daemon = url.scheme == Scheme::rsync || url.scheme == Scheme::rsyncs;
    if (destination.password_file && (!daemon || url.user.empty())) {
        const Value& value = fields.value_or_map("password_file");
        fields.out().error(value.place, value.key,
                           "expected only beside a URL with a user, such as "
                           "rsync://user@host/module, found with '" +
                               to_string(url) + "'");
    }
    const auto only_with_tls = [&](const char* key, const std::optional<std::string>& file) {
        if (!file || url.scheme == Scheme::rsyncs) return;
        const Value& value = fields.value_or_map(key);
        fields.out().error(
            value.place, value.key,
            "expected only beside an rsyncs:// URL, found with '" + to_string(url) + "'");
    };
    only_with_tls("ca_file", destination.ca_file);
    only_with_tls("cert_file", destination.cert_file);
    only_with_tls("key_file", destination.key_file);
    if (destination.cert_file.has_value() == destination.key_file.has_value()) return;
    const bool lacks_key = destination.cert_file.has_value();
    const Value& value = fields.value_or_map(lacks_key ? "cert_file" : "key_file");
    fields.out().error(value.place, value.key,
                       std::string("expected only together with ") +
                           (lacks_key ? "key_file" : "cert_file") + ", found alone");
}

}  // namespace

std::optional<Destination> read_destination(const Value& value, Diagnostics& out)
{
    Destination destination;
    if (value.kind == Value::Kind::scalar) {
        const auto url = read_url(value, out);
        if (!url) return std::nullopt;
        destination.url = *url;
        return destination;
    }
    if (value.kind != Value::Kind::map) {
        out.expected(value.place, value.key, "a URL, or a map with a url", described(value));
        return std::nullopt;
    }

    Fields fields(&value, nullptr, value, out);
    constexpr std::uint32_t sessions_max = 64;
    const Value* url_value = fields.find("url");
    if (!url_value) fields.missing("url", "a URL such as rsync://host/module/path");
    const auto url = url_value ? read_url(*url_value, out) : std::nullopt;
    read_password_path(fields, destination.password_file);
    fields.absolute_path("ca_file", destination.ca_file);
    fields.absolute_path("cert_file", destination.cert_file);
    fields.absolute_path("key_file", destination.key_file);
    read_bandwidth(fields, destination.bandwidth_limit);
    fields.number<std::uint32_t>("connections", 1, sessions_max, destination.connections);
    fields.number<std::uint32_t>("warm_sessions", 0, sessions_max, destination.warm_sessions);
    fields.duration("timeout", {milliseconds(100), hours(24)}, destination.timeout);
    read_retry(fields.map("retry"), destination.retry);
    fields.finish();
    if (url) {
        destination.url = *url;
        check_together(destination, fields);
    }
    if (!url) return std::nullopt;
    return destination;
}

}  // namespace lockstep::config
