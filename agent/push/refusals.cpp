#include "agent/push/refusals.h"

namespace lockstep::push {

// Of compression a daemon always tells; of the others what least depends on goes first.
std::optional<Ask> refused_of(const Asks& asked, const Error& error)
{
    if (error.kind() != ErrorKind::refused_option) return std::nullopt;
    if (std::string_view(error.what()).find("compress") != std::string_view::npos)
        return asked.contains(Ask::compression) ? std::optional(Ask::compression) : std::nullopt;
    for (const Ask ask : {Ask::large_files, Ask::appends, Ask::overwrites, Ask::deletions})
        if (asked.contains(ask)) return ask;
    return std::nullopt;
}

}  // namespace lockstep::push
