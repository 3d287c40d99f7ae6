// What a request asks for: method, target and body to an action. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lockstep::status {

enum class Transport { unix_socket, tcp };

struct Request {
    std::string method;
    std::string target;  // as on the request line, percent-encoded
    std::string body;
    Transport transport = Transport::unix_socket;
    std::optional<std::string> host;  // the Host header, when there is one
};

struct ShowPage {};
struct ShowStatus {};
struct ShowMapping {
    std::string name;
};
struct ShowMetrics {};
struct ShowHealth {};
struct StreamEvents {};
struct Flush {
    std::vector<std::string> names;  // none: every mapping
    std::optional<std::chrono::milliseconds> timeout;
};
struct Resync {
    std::string name;
    bool accept_empty = false;
};
struct Pause {
    std::string name;
};
struct Resume {
    std::string name;
    bool accept_deletes = false;
};
struct Reload {};
struct Refuse {
    unsigned status = 400;
    std::string message;
    std::string allow;  // 405: the Allow header
};

using Action = std::variant<ShowPage, ShowStatus, ShowMapping, ShowMetrics, ShowHealth,
                            StreamEvents, Flush, Resync, Pause, Resume, Reload, Refuse>;

// Never throws for anything a peer can send; what is wrong with it is a Refuse that says what was
// expected. `own_names` are the host names TCP answers to (host.h). HEAD is routed as GET.
//
// POST /v1/flush takes {"names": […], "timeout_ms": N} or ?name=a&name=b&timeout=5s; resync takes
// ?accept_empty=1, resume ?accept_deletes=1.
Action route(const Request& request, const std::vector<std::string>& own_names);

}  // namespace lockstep::status
