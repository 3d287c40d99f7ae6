#include "agent/cli/status_view.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace lockstep::cli {
namespace {

namespace json = boost::json;

json::value document(std::string_view text)
{
    boost::system::error_code error;
    json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error) throw NotUnderstood("the daemon's answer is not JSON: " + error.message());
    if (!value.is_object()) throw NotUnderstood("the daemon's answer is not a JSON object");
    return value;
}

std::string printable(const json::string& text)
{
    std::string out(text.begin(), text.end());
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return out;
}

std::string text(const json::object& object, const char* key)
{
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? printable(value->get_string()) : "";
}

std::uint64_t number(const json::object& object, const char* key)
{
    const json::value* value = object.if_contains(key);
    if (value == nullptr) return 0;
    if (value->is_uint64()) return value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0)
        return static_cast<std::uint64_t>(value->get_int64());
    return 0;
}

std::vector<std::string> texts(const json::object& object, const char* key)
{
    std::vector<std::string> all;
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_array()) return all;
    for (const json::value& one : value->get_array())
        if (one.is_string()) all.push_back(printable(one.get_string()));
    return all;
}

// Each object of the list at `key`, through `read`.
template <typename View>
std::vector<View> each(const json::object& object, const char* key,
                       View (*read)(const json::object&))
{
    std::vector<View> all;
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_array()) return all;
    for (const json::value& one : value->get_array())
        if (one.is_object()) all.push_back(read(one.get_object()));
    return all;
}

ErrorView error_view(const json::object& object)
{
    return {text(object, "at"), text(object, "kind"), text(object, "message"),
            texts(object, "paths"), text(object, "advice")};
}

DestinationView destination_view(const json::object& object)
{
    DestinationView view;
    view.url = text(object, "url");
    view.state = text(object, "state");
    view.pending = number(object, "pending");
    view.lag_ms = number(object, "lag_ms");
    view.files_sent = number(object, "files_sent");
    view.bytes_sent = number(object, "bytes_sent");
    view.retry_at = text(object, "retry_at");
    const json::value* error = object.if_contains("last_error");
    if (error != nullptr && error->is_object()) view.last_error = error_view(error->get_object());
    return view;
}

MappingView mapping_view(const json::object& object)
{
    MappingView view;
    view.name = text(object, "name");
    view.source = text(object, "source");
    view.state = text(object, "state");
    view.detail = text(object, "detail");
    view.directories = number(object, "directories");
    view.polled_directories = number(object, "polled_directories");
    view.unreadable = texts(object, "unreadable");
    view.destinations = each(object, "destinations", destination_view);
    return view;
}

}  // namespace

StatusView status_view(std::string_view json_text)
{
    const json::value value = document(json_text);
    const json::object& object = value.get_object();
    if (!object.contains("mappings"))
        throw NotUnderstood("the daemon's answer has no \"mappings\"");
    StatusView view;
    view.version = text(object, "version");
    view.pid = number(object, "pid");
    view.started_at = text(object, "started_at");
    view.state = text(object, "state");
    const json::value* inotify = object.if_contains("inotify");
    if (inotify != nullptr && inotify->is_object()) {
        view.watches = number(inotify->get_object(), "watches");
        view.max_user_watches = number(inotify->get_object(), "max_user_watches");
    }
    view.mappings = each(object, "mappings", mapping_view);
    return view;
}

ResultView result_view(std::string_view json_text)
{
    const json::value value = document(json_text);
    const json::object& object = value.get_object();
    const json::value* ok = object.if_contains("ok");
    return {ok != nullptr && ok->is_bool() && ok->get_bool(), text(object, "message"),
            texts(object, "paths"), texts(object, "errors")};
}

std::string with_mappings(std::string_view json_text, const std::vector<std::string>& names)
{
    json::value value = document(json_text);
    json::value* mappings = value.get_object().if_contains("mappings");
    if (mappings == nullptr || !mappings->is_array())
        throw NotUnderstood("the daemon's answer has no \"mappings\"");
    json::array kept;
    for (json::value& one : mappings->get_array()) {
        const bool wanted =
            one.is_object() &&
            std::find(names.begin(), names.end(), text(one.get_object(), "name")) != names.end();
        if (wanted) kept.push_back(std::move(one));
    }
    *mappings = std::move(kept);
    return json::serialize(value);
}

}  // namespace lockstep::cli
