// What the daemon told, as values: the part of /v1/status that people are shown.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::cli {

struct ErrorView {
    std::string at;
    std::string kind;
    std::string message;
    std::vector<std::string> paths;
    std::string advice;
};

struct DestinationView {
    std::string url;
    std::string state;
    std::uint64_t pending = 0;
    std::uint64_t lag_ms = 0;
    std::uint64_t files_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::string retry_at;  // empty: none
    std::optional<ErrorView> last_error;
};

struct MappingView {
    std::string name;
    std::string source;
    std::string state;
    std::string detail;
    std::uint64_t directories = 0;
    std::uint64_t polled_directories = 0;
    std::vector<std::string> unreadable;
    std::vector<DestinationView> destinations;
};

struct StatusView {
    std::string version;
    std::uint64_t pid = 0;
    std::string started_at;
    std::string state;
    std::uint64_t watches = 0;
    std::uint64_t max_user_watches = 0;
    std::vector<MappingView> mappings;
};

// What a command came to.
struct ResultView {
    bool ok = false;
    std::string message;
    std::vector<std::string> paths;
    std::vector<std::string> errors;
};

// The answer is not JSON of the expected shape; what() says where.
class NotUnderstood : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A missing key keeps its default: an older or newer daemon can be shown. Control characters, which
// a daemon of ours never sends, become '?', so that nothing drives the terminal.
StatusView status_view(std::string_view json);
ResultView result_view(std::string_view json);

// The same document with the named mappings only, in its own order.
std::string with_mappings(std::string_view json, const std::vector<std::string>& names);

}  // namespace lockstep::cli
