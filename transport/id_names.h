// Names of users and groups, for lists whose ids are mapped by name (PROTOCOL.md 11.4).
#pragma once

#include "transport/wire.h"

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

namespace lockstep::transport {

// "" is an id without a name. Each id is asked for once a list.
struct IdNames {
    std::function<std::string(std::uint32_t)> user;
    std::function<std::string(std::uint32_t)> group;
};

// What this system's databases say (getpwuid_r, getgrgid_r); "" when they fail.
IdNames system_id_names();

// The ids of one kind that a list has used.
class UsedIds {
public:
    void add(std::uint32_t id)
    {
        if (id != 0 && seen_.insert(id).second) order_.push_back(id);
    }
    // {id, name}*, 0, and with `id0_name` the name of id 0.
    void put(Bytes& out, const std::function<std::string(std::uint32_t)>& name_of, int protocol,
             bool id0_name) const;

private:
    std::unordered_set<std::uint32_t> seen_;
    std::vector<std::uint32_t> order_;
};

}  // namespace lockstep::transport
