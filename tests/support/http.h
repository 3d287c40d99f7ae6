// A tiny blocking HTTP client over a unix socket.
#pragma once

#include <chrono>
#include <string>

namespace lockstep::testing {

struct HttpReply {
    int status = 0;  // 0: nobody answered
    std::string headers;
    std::string body;
};

// One request on a connection of its own. Never throws for what the server does.
HttpReply http(const std::string& socket, const std::string& method, const std::string& target,
               const std::string& body = "",
               std::chrono::milliseconds bound = std::chrono::seconds(10));

}  // namespace lockstep::testing
