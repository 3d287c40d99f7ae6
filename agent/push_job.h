// What the configuration says of a push, in the words of a push.
#pragma once

#include "agent/push/pusher.h"
#include "config/config.h"
#include "config/filter.h"

#include <functional>
#include <memory>
#include <string_view>

namespace lockstep::agent {

std::shared_ptr<const config::Filter> filter_of(const config::Mapping& mapping);

// Of a path whose ancestors are not excluded; any thread. Empty when nothing is.
std::function<bool(std::string_view path, bool directory)> excluded_by(
    std::shared_ptr<const config::Filter> filter);

// Of a file: one of the patterns matches it or a directory above it; any thread. Empty without
// patterns.
std::function<bool(std::string_view path)> matched_by(const std::vector<std::string>& patterns);

// What a receiver must not delete though it is not in the source: what is excluded, and backups.
std::vector<std::string> protecting_rules(const config::Mapping& mapping,
                                          const config::Filter& filter);

// Where a destination is, with its password read just now. Throws Error(auth).
transport::Endpoint endpoint_of(const config::Destination& destination);

transport::PushOptions push_options_of(const config::Mapping& mapping,
                                       const config::Destination& destination);

// All that does not depend on the batch; the caller adds sessions, identity, batch and what may be
// deleted.
push::PushJob push_job(const config::Mapping& mapping, const config::Destination& destination,
                       const std::shared_ptr<const config::Filter>& filter);

// `warm_max`: how many sessions are kept ready.
std::shared_ptr<push::SessionPool> make_sessions(push::SessionPool::Threads threads,
                                                 const config::Destination& destination,
                                                 std::size_t warm_max,
                                                 std::shared_ptr<push::Slots> slots = nullptr);

}  // namespace lockstep::agent
