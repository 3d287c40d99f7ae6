#include "agent/status/snapshot.h"

namespace lockstep::status {

std::string_view name_of(DestinationState state) noexcept
{
    switch (state) {
        case DestinationState::connecting:
            return "connecting";
        case DestinationState::syncing:
            return "syncing";
        case DestinationState::in_step:
            return "in_step";
        case DestinationState::waiting:
            return "waiting";
        case DestinationState::stopped:
            return "stopped";
    }
    return "stopped";
}

std::string_view name_of(MappingState state) noexcept
{
    switch (state) {
        case MappingState::scanning:
            return "scanning";
        case MappingState::live:
            return "live";
        case MappingState::rescanning:
            return "rescanning";
        case MappingState::paused:
            return "paused";
        case MappingState::source_missing:
            return "source_missing";
        case MappingState::failed:
            return "failed";
    }
    return "failed";
}

}  // namespace lockstep::status
