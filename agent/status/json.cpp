#include "agent/status/json.h"

#include "agent/status/utf8.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace lockstep::status {
namespace {

namespace json = boost::json;

json::string text(std::string_view any)
{
    return {as_utf8(any)};
}

json::array texts(const std::vector<std::string>& all)
{
    json::array list;
    list.reserve(all.size());
    for (const std::string& one : all) list.emplace_back(text(one));
    return list;
}

std::string seconds_text(WallTime time)
{
    const std::time_t seconds =
        std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 40> out{};
    const std::size_t length = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    return {out.data(), length};
}

json::value optional_time(const std::optional<WallTime>& time)
{
    if (!time) return nullptr;
    return json::string(timestamp(*time));
}

json::value value_of(const std::optional<LastError>& error)
{
    if (!error) return nullptr;
    json::object out;
    out["at"] = timestamp(error->at);
    out["kind"] = text(error->kind);
    out["message"] = text(error->message);
    out["paths"] = texts(error->paths);
    out["advice"] = text(error->advice);
    return out;
}

json::object value_of(const Latency& latency)
{
    json::object out;
    out["p50"] = latency.p50;
    out["p90"] = latency.p90;
    out["p99"] = latency.p99;
    return out;
}

json::object value_of(const Destination& destination)
{
    json::object out;
    out["url"] = text(destination.url);
    out["state"] = std::string(name_of(destination.state));
    out["pending"] = destination.pending;
    out["lag_ms"] = destination.lag.count();
    out["in_step_at"] = optional_time(destination.in_step_at);
    out["retry_at"] = optional_time(destination.retry_at);
    out["protocol"] = destination.protocol;
    out["checksum"] = text(destination.checksum);
    out["compress"] = text(destination.compress);
    out["files_sent"] = destination.files_sent;
    out["files_deleted"] = destination.files_deleted;
    out["moves"] = destination.moves;
    out["bytes_sent"] = destination.bytes_sent;
    out["literal_bytes"] = destination.literal_bytes;
    out["matched_bytes"] = destination.matched_bytes;
    out["sessions"] = destination.sessions;
    out["retries"] = destination.retries;
    out["errors"] = destination.errors;
    out["latency_ms"] = value_of(destination.latency);
    out["last_error"] = value_of(destination.last_error);
    return out;
}

json::object value_of(const Events& events)
{
    json::object out;
    out["create"] = events.create;
    out["modify"] = events.modify;
    out["move"] = events.move;
    out["delete"] = events.remove;
    out["attrib"] = events.attrib;
    return out;
}

json::object value_of(const Mapping& mapping)
{
    json::object out;
    out["name"] = text(mapping.name);
    out["source"] = text(mapping.source);
    out["state"] = std::string(name_of(mapping.state));
    out["detail"] = text(mapping.detail);
    out["directories"] = mapping.directories;
    out["watches"] = mapping.watches;
    out["polled_directories"] = mapping.polled_directories;
    out["queue_overflows"] = mapping.queue_overflows;
    out["unreadable"] = texts(mapping.unreadable);
    out["events"] = value_of(mapping.events);
    json::array destinations;
    for (const Destination& one : mapping.destinations) destinations.emplace_back(value_of(one));
    out["destinations"] = std::move(destinations);
    return out;
}

// JSON has no infinity, and nobody reads "4.1E0" with pleasure (Boost's form), so doubles are ours.
void append_number(std::string& out, double number)
{
    std::array<char, 32> digits{};
    const double shown = std::isfinite(number) ? number : 0.0;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), shown);
    out.append(digits.data(), end.ptr);
}

void append(std::string& out, const json::value& value);

void append(std::string& out, const json::object& object)
{
    out += '{';
    for (const auto& member : object) {
        if (out.back() != '{') out += ',';
        out += json::serialize(json::string_view(member.key()));
        out += ':';
        append(out, member.value());
    }
    out += '}';
}

void append(std::string& out, const json::array& array)
{
    out += '[';
    for (const json::value& element : array) {
        if (out.back() != '[') out += ',';
        append(out, element);
    }
    out += ']';
}

void append(std::string& out, const json::value& value)
{
    if (value.is_object())
        append(out, value.get_object());
    else if (value.is_array())
        append(out, value.get_array());
    else if (value.is_double())
        append_number(out, value.get_double());
    else
        out += json::serialize(value);
}

std::string rendered(const json::object& object)
{
    std::string out;
    append(out, object);
    return out;
}

}  // namespace

std::string to_json(const Snapshot& snapshot)
{
    json::object inotify;
    inotify["watches"] = snapshot.watches;
    inotify["max_user_watches"] = snapshot.max_user_watches;
    inotify["queue_overflows"] = snapshot.queue_overflows;

    json::object out;
    out["version"] = text(snapshot.version);
    out["pid"] = snapshot.pid;
    out["started_at"] = seconds_text(snapshot.started_at) + "Z";
    out["state"] = text(snapshot.state);
    out["inotify"] = std::move(inotify);
    json::array mappings;
    for (const Mapping& one : snapshot.mappings) mappings.emplace_back(value_of(one));
    out["mappings"] = std::move(mappings);
    return rendered(out);
}

std::string to_json(const Mapping& mapping)
{
    return rendered(value_of(mapping));
}

std::string to_json(const CommandResult& result)
{
    json::object out;
    out["ok"] = result.ok;
    out["message"] = text(result.message);
    out["paths"] = texts(result.paths);
    out["errors"] = texts(result.errors);
    return rendered(out);
}

std::string error_json(std::string_view message)
{
    CommandResult refusal;
    refusal.message = message;
    return to_json(refusal);
}

std::string timestamp(WallTime time)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds);
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(millis.count()));
    return seconds_text(time) + fraction.data();
}

}  // namespace lockstep::status
