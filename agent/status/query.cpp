#include "agent/status/query.h"

#include "base/path.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/url/params_view.hpp>

#include <array>
#include <charconv>
#include <cstdint>

namespace lockstep::status {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr std::int64_t timeout_ms_max = std::int64_t{30} * 24 * 3600 * 1000;

milliseconds bounded(std::int64_t ms)
{
    if (ms < 0 || ms > timeout_ms_max)
        throw BadRequest("timeout: expected 0 to 30 days, found " + std::to_string(ms) + " ms");
    return milliseconds(ms);
}

// "250ms", "5s", "10m", "2h", "1d": the contract's durations (their own reader, for configuration
// is not ours to know).
milliseconds duration(const std::string& text)
{
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
        {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    for (const auto& [name, ms] : units)
        if (parsed.ec == std::errc() && unit == name && number <= timeout_ms_max)
            return bounded(number * ms);
    throw BadRequest("timeout: expected a duration such as 250ms or 5s, found " + quoted(text));
}

std::string name_in(const json::value& value)
{
    if (!value.is_string()) throw BadRequest("names: expected a list of strings");
    return std::string(value.get_string());
}

void read_body(const std::string& body, FlushParameters& parameters)
{
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    if (error || !value.is_object())
        throw BadRequest(
            R"(expected a JSON object such as {"names": ["web"], "timeout_ms": 5000})");
    for (const auto& member : value.get_object()) {
        if (member.key() == "names") {
            if (!member.value().is_array()) throw BadRequest("names: expected a list of strings");
            for (const json::value& one : member.value().get_array())
                parameters.names.push_back(name_in(one));
        } else if (member.key() == "timeout_ms") {
            if (member.value().is_null()) continue;
            if (!member.value().is_int64())
                throw BadRequest("timeout_ms: expected a whole number of milliseconds");
            parameters.timeout = bounded(member.value().get_int64());
        } else {
            throw BadRequest("unknown key " + quoted(std::string(member.key())) +
                             ", expected names or timeout_ms");
        }
    }
}

}  // namespace

FlushParameters flush_parameters(const boost::urls::url_view& target, const std::string& body)
{
    FlushParameters parameters;
    for (const auto& parameter : target.params()) {
        if (parameter.key == "name")
            parameters.names.push_back(parameter.value);
        else if (parameter.key == "timeout")
            parameters.timeout = duration(parameter.value);
        else
            throw BadRequest("unknown parameter " + quoted(parameter.key) +
                             ", expected name or timeout");
    }
    if (!body.empty()) read_body(body, parameters);
    return parameters;
}

bool flag_parameter(const boost::urls::url_view& target, std::string_view flag)
{
    bool on = false;
    for (const auto& parameter : target.params()) {
        if (parameter.key != flag)
            throw BadRequest("unknown parameter " + quoted(parameter.key) + ", expected " +
                             std::string(flag));
        if (!parameter.has_value || parameter.value == "1" || parameter.value == "true")
            on = true;
        else if (parameter.value == "0" || parameter.value == "false")
            on = false;
        else
            throw BadRequest(std::string(flag) + ": expected 1 or 0, found " +
                             quoted(parameter.value));
    }
    return on;
}

void no_parameters(const boost::urls::url_view& target)
{
    if (target.has_query() && !target.params().empty())
        throw BadRequest("unknown parameter, expected none");
}

}  // namespace lockstep::status
