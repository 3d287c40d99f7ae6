#include "tests/unit/status/sample.h"

#include <ctime>
#include <stdexcept>
#include <string>

namespace lockstep::status {

WallTime wall_time(std::string_view iso)
{
    std::tm utc{};
    const char* const rest = ::strptime(std::string(iso).c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
    if (rest == nullptr) throw std::invalid_argument("no time: " + std::string(iso));
    WallTime time = std::chrono::system_clock::from_time_t(::timegm(&utc));
    if (iso.size() > 20)
        time += std::chrono::milliseconds(std::stoi(std::string(iso.substr(20, 3))));
    return time;
}

Snapshot contract_example()
{
    Destination destination;
    destination.url = "rsync://user1@198.51.100.7:873/web/site";
    destination.state = DestinationState::in_step;
    destination.in_step_at = wall_time("2026-11-25T10:05:12.120Z");
    destination.protocol = 32;
    destination.checksum = "xxh128";
    destination.compress = "zstd";
    destination.files_sent = 120;
    destination.files_deleted = 3;
    destination.moves = 2;
    destination.bytes_sent = 81234;
    destination.literal_bytes = 70000;
    destination.matched_bytes = 2300000;
    destination.sessions = 14;
    destination.latency = {4.1, 6.0, 11.2, {{1, 2}, {5, 60}, {10, 50}}, 120, 500.5};

    Mapping mapping;
    mapping.name = "web";
    mapping.source = "/srv/web";
    mapping.state = MappingState::live;
    mapping.directories = 1204;
    mapping.watches = 1204;
    mapping.events = {10, 4, 2, 1, 0};
    mapping.destinations.push_back(destination);

    Snapshot snapshot;
    snapshot.version = "0.1.0";
    snapshot.pid = 4242;
    snapshot.started_at = wall_time("2026-11-25T10:00:00Z");
    snapshot.state = "running";
    snapshot.watches = 1204;
    snapshot.max_user_watches = 1048576;
    snapshot.mappings.push_back(mapping);
    return snapshot;
}

Snapshot troubled_example()
{
    Snapshot snapshot = contract_example();
    Mapping& web = snapshot.mappings[0];
    web.polled_directories = 7;
    web.unreadable = {"secret"};
    Destination& waiting = web.destinations[0];
    waiting.state = DestinationState::waiting;
    waiting.pending = 12;
    waiting.lag = std::chrono::milliseconds(61'500);
    waiting.retry_at = wall_time("2026-11-25T10:07:00.000Z");
    waiting.last_error = LastError{wall_time("2026-11-25T10:06:00.500Z"),
                                   "unreachable",
                                   "connect to 198.51.100.7 port 873: Connection refused",
                                   {"a/b", "c\\xff"},
                                   "start the daemon, or check the firewall"};

    Mapping mail = web;
    mail.name = "mail";
    mail.source = "/srv/mail";
    mail.state = MappingState::source_missing;
    mail.detail = "the source is empty and was not";
    mail.destinations.clear();
    snapshot.mappings.push_back(mail);
    return snapshot;
}

}  // namespace lockstep::status
