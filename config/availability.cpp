#include "config/availability.h"

namespace lockstep::config {
namespace {

struct Unavailable {
    std::string_view key;
    bool (*asked)(const Mapping&);
};

// A later version deletes lines from this list.
constexpr Unavailable unavailable[] = {
    {"follow", [](const Mapping& m) { return !m.follow.empty(); }},
    {"append_only", [](const Mapping& m) { return !m.append_only.empty(); }},
    {"inplace", [](const Mapping& m) { return !m.inplace.empty(); }},
};

}  // namespace

void refuse_unavailable(const Mapping& mapping, const Fields& fields)
{
    for (const Unavailable& item : unavailable) {
        if (!item.asked(mapping)) continue;
        const Value& value = fields.value_or_map(item.key);
        fields.out().error(value.place, value.key,
                           std::string(item.key) + " is not available in this version");
    }
}

}  // namespace lockstep::config
