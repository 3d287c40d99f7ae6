// What the user wrote, as plain values: copied to whoever needs them, compared with == for reload.
#pragma once

#include "config/destination_url.h"
#include "config/mode_changes.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::config {

using std::chrono::milliseconds;

enum class LogLevel { trace, debug, info, warn, error };
enum class LogFormat { text, json, ecs };
enum class Watch { automatic, inotify, poll };
enum class Delete { yes, no, full_sync, live };
enum class Compress { automatic, none, zstd, lz4, zlibx, zlib };
std::string_view name_of(Compress compress);  // as it is written
enum class AtStart { automatic, always, never };
enum class NewFiles { wait, send };

struct Service {
    std::string status_socket = "/run/lockstep/status.sock";
    std::string state_dir = "/var/lib/lockstep";
    std::optional<std::string> listen;  // "host:port"
    bool operator==(const Service&) const = default;
};

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::optional<std::string> file;
    bool operator==(const Log&) const = default;
};

// A limit that is raised to this value when the kernel's is lower; none is `keep`.
struct Inotify {
    std::optional<std::uint64_t> max_user_watches = 1'048'576;
    std::optional<std::uint64_t> max_user_instances;
    std::optional<std::uint64_t> max_queued_events = 65'536;
    bool operator==(const Inotify&) const = default;
};

struct Retry {
    milliseconds initial{1000};
    milliseconds max{300'000};
    bool operator==(const Retry&) const = default;
};

struct Destination {
    DestinationUrl url;
    std::optional<std::string> password_file;
    std::optional<std::string> ca_file;
    std::optional<std::string> cert_file;  // with key_file: who we are
    std::optional<std::string> key_file;
    std::optional<std::uint64_t> bandwidth_limit;  // bytes a second
    std::uint32_t connections = 2;
    std::uint32_t warm_sessions = 1;
    milliseconds timeout{60'000};
    Retry retry;
    bool operator==(const Destination&) const = default;
};

// `max_delete`: a share of the mapping's entries, or a count.
struct MaxDelete {
    std::optional<std::uint32_t> percent = 50;
    std::optional<std::uint64_t> count;
    bool operator==(const MaxDelete&) const = default;
};

struct Preserve {
    bool links = true;
    bool perms = true;
    bool times = true;
    bool owner = true;
    bool group = true;
    bool devices = true;
    bool specials = true;
    bool hard_links = true;
    bool acls = true;
    bool xattrs = true;
    bool sparse = true;
    bool operator==(const Preserve&) const = default;
};

// When a changed path is sent.
struct Batch {
    milliseconds settle{2};          // quiet time after a path's last event
    milliseconds max_delay{2000};    // from its first event, however busy it stays
    std::size_t max_files = 10'000;  // a larger batch is split
    bool operator==(const Batch&) const = default;
};

struct OpenFiles {
    NewFiles fresh = NewFiles::wait;     // `new`
    NewFiles existing = NewFiles::send;  // `existing`
    milliseconds max_wait{3'600'000};
    bool operator==(const OpenFiles&) const = default;
};

struct Queue {
    std::size_t max_pending = 200'000;
    bool operator==(const Queue&) const = default;
};

struct FullSync {
    AtStart at_start = AtStart::automatic;
    std::optional<milliseconds> every = milliseconds{86'400'000};
    bool operator==(const FullSync&) const = default;
};

struct Hooks {
    std::vector<std::string> in_step;  // argv; empty: none
    std::vector<std::string> trouble;
    milliseconds trouble_after{300'000};
    bool operator==(const Hooks&) const = default;
};

// Of everything at the destination; empty: as it is here. Digits with numeric_ids.
struct Owner {
    std::string user;
    std::string group;
    bool operator==(const Owner&) const = default;
};

struct Mapping {
    std::string name;
    std::string source;  // absolute, without a trailing '/'
    std::vector<Destination> destinations;
    std::vector<std::string> exclude;
    std::vector<std::string> include;
    bool one_file_system = true;
    std::vector<std::string> follow;  // paths relative to the source
    Watch watch = Watch::automatic;
    milliseconds poll_interval{30'000};
    Delete remove = Delete::yes;  // `delete`
    MaxDelete max_delete;
    Preserve preserve;
    bool numeric_ids = true;
    std::optional<ModeChanges> chmod;
    std::optional<Owner> chown;
    std::optional<std::string> backup_dir;  // relative, without ".."
    std::optional<std::string> backup_suffix;
    Batch batch;
    OpenFiles open_files;
    std::vector<std::string> append_only;
    std::vector<std::string> inplace;
    Queue queue;
    Compress compress = Compress::automatic;
    bool whole_file = false;
    bool checksum = false;
    FullSync full_sync;
    Hooks hooks;
    bool operator==(const Mapping&) const = default;
};

struct Config {
    Service service;
    Log log;
    Inotify inotify;
    std::vector<Mapping> mappings;
    bool operator==(const Config&) const = default;
};

}  // namespace lockstep::config
