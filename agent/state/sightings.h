// What a look at the source found, name by name, in the form the index stores it.
#pragma once

#include "agent/state/fingerprint.h"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::state {

// Grouped by directory, in the order of the look; about 50 bytes a name. The source itself is the
// name "" in the directory "".
class Sightings {
public:
    struct Name {
        std::string_view name;
        std::string_view fingerprint;  // packed; empty: it is not there
    };
    struct Group {
        std::string_view directory;
        bool complete = false;  // all names of the directory are here, but for those excluded
        std::vector<Name> names;
    };

    // The names that follow are in this directory.
    void enter(std::string_view directory, bool complete);
    // What was entered last turned out not to be listed in full.
    void spoil_complete();
    void saw(std::string_view name, const Fingerprint& fingerprint);

    void saw_path(std::string_view path, const Fingerprint& fingerprint);
    void missed_path(std::string_view path);

    void append(const Sightings& more);
    // In bytes; cut() goes back to a size that it had.
    std::size_t size() const noexcept { return bytes_.size(); }
    void cut(std::size_t size);
    bool empty() const noexcept { return bytes_.empty(); }

    // Views live as long as this is not changed.
    template <class Visitor>
    void for_each_group(Visitor visit) const
    {
        std::size_t at = 0;
        while (at < bytes_.size()) {
            const Group group = group_at(at);
            visit(group);
        }
    }

private:
    Group group_at(std::size_t& at) const;
    void enter_parent_of(std::string_view path);
    void put(std::string_view bytes);

    std::string bytes_;
    static constexpr std::size_t no_group = static_cast<std::size_t>(-1);
    std::size_t group_ = no_group;  // where the one begins that names are put into
};

}  // namespace lockstep::state
