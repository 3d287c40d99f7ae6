#include "config/availability.h"

namespace lockstep::config {
namespace {

template <class Owner>
struct Unavailable {
    std::string_view key;
    std::string_view what;
    bool (*asked)(const Owner&);
};

// A later version deletes lines from this list.
constexpr Unavailable<Destination> of_destination[] = {
    {"url", "ssh://", [](const Destination& d) { return d.url.scheme == Scheme::ssh; }},
    {"url", "file://", [](const Destination& d) { return d.url.scheme == Scheme::file; }},
};

template <class Owner, std::size_t n>
void refuse(const Unavailable<Owner> (&list)[n], const Owner& owner, const Fields& fields)
{
    for (const Unavailable<Owner>& item : list) {
        if (!item.asked(owner)) continue;
        const Value& value = fields.value_or_map(item.key);
        std::string message(item.what);
        message += " is not available in this version";
        fields.out().error(value.place, value.key, std::move(message));
    }
}

}  // namespace

void refuse_unavailable(const Destination& destination, const Fields& fields)
{
    refuse(of_destination, destination, fields);
}

}  // namespace lockstep::config
