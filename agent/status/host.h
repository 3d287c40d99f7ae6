// Host names on TCP: what we listen on, and which Host headers are answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::status {

struct HostPort {
    std::string host;  // without brackets
    std::string port;  // decimal, 0..65535
    bool operator==(const HostPort&) const = default;
};

// "127.0.0.1:9477", "[::1]:9477", "localhost:9477"; none when it is not of that form.
std::optional<HostPort> parse_host_port(std::string_view text);

// A page from elsewhere can make a browser ask us under a name of its own (DNS rebinding); then
// that name is the Host. Answered are addresses, which nobody can rebind, localhost, and
// `own_names`.
bool is_answered_host(std::string_view host_header, const std::vector<std::string>& own_names);

}  // namespace lockstep::status
