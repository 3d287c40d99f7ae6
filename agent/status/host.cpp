#include "agent/status/host.h"

#include <arpa/inet.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace lockstep::status {
namespace {

bool is_port(std::string_view text)
{
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    return parsed.ec == std::errc() && parsed.ptr == end;
}

bool is_address(const std::string& host)
{
    std::array<unsigned char, 16> address{};
    return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool same_name(const std::string& a, const std::string& b)
{
    return ::strcasecmp(a.c_str(), b.c_str()) == 0;
}

// The host of a Host header: a port is optional there.
std::string host_of(std::string_view header)
{
    if (header.starts_with('[')) {
        const std::size_t close = header.find(']');
        return close == std::string_view::npos ? "" : std::string(header.substr(1, close - 1));
    }
    return std::string(header.substr(0, header.find(':')));
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return std::nullopt;
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;  // an IPv6 address needs its brackets
    }
    if (host.empty()) return std::nullopt;
    return HostPort{std::string(host), std::string(text.substr(colon + 1))};
}

bool is_answered_host(std::string_view host_header, const std::vector<std::string>& own_names)
{
    const std::string host = host_of(host_header);
    if (is_address(host) || same_name(host, "localhost")) return true;
    return std::any_of(own_names.begin(), own_names.end(),
                       [&](const std::string& own) { return same_name(host, own); });
}

}  // namespace lockstep::status
