// Everything that is told about the agent, as values: the shape of /v1/status (contract).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::status {

using WallTime = std::chrono::system_clock::time_point;

struct LastError {
    WallTime at;
    std::string kind;                // name_of(ErrorKind)
    std::string message;             // escaped
    std::vector<std::string> paths;  // escaped, the first 20
    std::string advice;
    bool operator==(const LastError&) const = default;
};

// Milliseconds from event to acknowledgement; buckets for the metrics, quantiles for the status.
struct Latency {
    double p50 = 0;
    double p90 = 0;
    double p99 = 0;
    std::vector<std::pair<double, std::uint64_t>>
        buckets;  // upper bound in ms, count of it alone (not cumulative)
    std::uint64_t count = 0;
    double sum_ms = 0;
    bool operator==(const Latency&) const = default;
};

enum class DestinationState { connecting, syncing, in_step, waiting, stopped };
enum class MappingState { scanning, live, rescanning, paused, source_missing, failed };
std::string_view name_of(DestinationState state) noexcept;
std::string_view name_of(MappingState state) noexcept;

struct Destination {
    std::string url;
    DestinationState state = DestinationState::connecting;
    std::uint64_t pending = 0;  // paths, and subtrees to compare, not known to be equal there
    std::chrono::milliseconds lag{0};
    std::optional<WallTime> in_step_at;
    std::optional<WallTime> retry_at;
    int protocol = 0;
    std::string checksum;
    std::string compress;
    std::uint64_t files_sent = 0;
    std::uint64_t files_deleted = 0;
    std::uint64_t moves = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t literal_bytes = 0;
    std::uint64_t matched_bytes = 0;
    std::uint64_t sessions = 0;
    std::uint64_t retries = 0;
    std::uint64_t errors = 0;
    Latency latency;
    std::optional<LastError> last_error;
    bool operator==(const Destination&) const = default;
};

struct Events {
    std::uint64_t create = 0;
    std::uint64_t modify = 0;
    std::uint64_t move = 0;
    std::uint64_t remove = 0;  // "delete"
    std::uint64_t attrib = 0;
    bool operator==(const Events&) const = default;
};

struct Mapping {
    std::string name;
    std::string source;
    MappingState state = MappingState::scanning;
    std::string
        detail;  // why source_missing or failed; unreadable directories; how many are polled
    std::uint64_t directories = 0;
    std::uint64_t watches = 0;
    std::uint64_t polled_directories = 0;
    std::uint64_t queue_overflows = 0;
    std::vector<std::string> unreadable;  // escaped, the first 20
    Events events;
    std::vector<Destination> destinations;
    bool operator==(const Mapping&) const = default;
};

struct Snapshot {
    std::string version;
    int pid = 0;
    WallTime started_at;
    std::string state;  // "running", "stopping"
    std::uint64_t watches = 0;
    std::uint64_t max_user_watches = 0;
    std::uint64_t queue_overflows = 0;
    std::vector<Mapping> mappings;
    bool operator==(const Snapshot&) const = default;
};

}  // namespace lockstep::status
