// Where a destination is: rsync://, rsyncs://, ssh:// or file://.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::config {

enum class Scheme { rsync, rsyncs, ssh, file };

struct DestinationUrl {
    Scheme scheme = Scheme::rsync;
    std::string user;           // empty: none given
    std::string host;           // without brackets; a zone id stays ("fe80::1%lo"); empty for file
    std::uint16_t port = 0;     // filled in: 873 rsync, 874 rsyncs, 22 ssh
    std::string module;         // rsync and rsyncs only
    std::string path;           // below the module without leading '/', or the absolute path
    bool port_written = false;  // in the URL, be it the default
    bool operator==(const DestinationUrl&) const = default;
};

// Or a sentence that says what was expected. A password inside the URL is refused (it would be seen
// in status and logs); percent-encoding is decoded; NUL, '..' and control bytes are refused.
struct UrlResult {
    std::optional<DestinationUrl> url;
    std::string expected;
};
UrlResult parse_destination_url(std::string_view text);

// As shown in status and logs: never with a password; a default port only where one was written.
// parse_destination_url gives the same value back.
std::string to_string(const DestinationUrl& url);

// `text` as it may be shown although it is no URL: what can be a password is "***".
std::string without_password(std::string_view text);

// The same directory behind both, whoever logs in.
bool same_place(const DestinationUrl& a, const DestinationUrl& b);

}  // namespace lockstep::config
