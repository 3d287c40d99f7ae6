#include "agent/status/health.h"

namespace lockstep::status {
namespace {

constexpr std::chrono::seconds lag_limit{60};

bool is_fine(const Destination& destination)
{
    switch (destination.state) {
        case DestinationState::connecting:
        case DestinationState::in_step:
            return true;
        case DestinationState::syncing:
            return destination.lag < lag_limit;
        case DestinationState::waiting:
        case DestinationState::stopped:
            return false;
    }
    return false;
}

std::string reason(const Mapping& mapping)
{
    std::string line = "mapping " + mapping.name + ": " + std::string(name_of(mapping.state));
    if (!mapping.detail.empty()) line += ": " + mapping.detail;
    return line;
}

std::string reason(const Mapping& mapping, const Destination& destination)
{
    std::string line = "mapping " + mapping.name + ": destination " + destination.url + ": " +
                       std::string(name_of(destination.state));
    if (destination.state == DestinationState::syncing)
        line += ", " + std::to_string(destination.lag.count()) + " ms behind";
    if (destination.last_error)
        line += ": " + destination.last_error->kind + ": " + destination.last_error->message;
    return line;
}

}  // namespace

Health health_of(const Snapshot& snapshot)
{
    Health health;
    for (const Mapping& mapping : snapshot.mappings) {
        if (mapping.state != MappingState::live) health.reasons.push_back(reason(mapping));
        for (const Destination& destination : mapping.destinations)
            if (!is_fine(destination)) health.reasons.push_back(reason(mapping, destination));
    }
    return health;
}

}  // namespace lockstep::status
