#include "agent/source_state.h"

#include "agent/state/source_identity.h"
#include "base/beneath.h"
#include "base/log.h"

#include <sys/stat.h>

#include <optional>
#include <utility>
#include <vector>

namespace lockstep::agent {
namespace {

std::optional<push::SourceIdentity> identity_of(const std::string& source)
{
    struct stat status {};
    if (::stat(source.c_str(), &status) != 0) return std::nullopt;
    return push::SourceIdentity{status.st_dev, status.st_ino};
}

bool is_empty(const std::string& directory)
{
    try {
        std::vector<DirEntry> names;
        const Beneath source(directory, false);
        return source.list(std::string_view(), names) == 0 && names.empty();
    } catch (const Error&) {
        return false;  // gone again: root_lost follows
    }
}

}  // namespace

std::string why_another_source(const std::string& source, const std::string& before)
{
    if (!before.empty() && before != state::source_identity(source))
        return "it is on another file system than what was sent came from (is a mount missing?)";
    if (is_empty(source)) return "it is empty, and what was sent came from it";
    return {};
}

std::string SourceState::why_refused(Record& record) const
{
    if (!record.has_content()) return {};
    const std::string why = why_another_source(source_, record.source_identity());
    if (why.empty()) return {};
    return why + "; if that is meant, say: lockstep resync --accept-empty " + mapping_;
}

SourceState::Sight SourceState::look(Record& record)
{
    const std::optional<push::SourceIdentity> identity = identity_of(source_);
    if (!identity) return Sight::gone;
    identity_ = *identity;
    const std::string refusal = accepted_ ? std::string() : why_refused(record);
    refused_ = !refusal.empty();
    if (refused_) {
        lost(refusal);
        return Sight::refused;
    }
    live_ = true;
    missing_ = false;
    detail_.clear();
    record.set_source_identity(state::source_identity(source_));
    const bool first = !std::exchange(ever_live_, true);
    if (std::exchange(accepted_, false)) return Sight::accepted;
    return first ? Sight::first : Sight::again;
}

void SourceState::lost(const std::string& detail)
{
    if (!missing_) log::warn("mapping", "source missing: " + detail, {{"mapping", mapping_}});
    live_ = false;
    missing_ = true;
    detail_ = detail;
}

void SourceState::root_lost(const std::string& detail)
{
    refused_ = false;
    lost(detail);
}

}  // namespace lockstep::agent
