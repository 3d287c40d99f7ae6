// The states that were acknowledged, by directory and name.
#pragma once

#include "agent/state/fingerprint.h"
#include "agent/state/sqlite.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace lockstep::state {

// Fingerprints are packed; the source itself is "" in "". Throws DatabaseError.
class Entries {
public:
    explicit Entries(Database& database);

    std::string find(std::string_view directory, std::string_view name);  // empty: there is none
    // Without the source itself.
    std::unordered_map<std::string, std::string> in(std::string_view directory);

    void put(std::string_view directory, std::string_view name, std::string_view fingerprint);
    void remove(std::string_view directory, std::string_view name);
    void remove_below(std::string_view directory);

    // If it still is as given, it loses its raciness.
    void confirm(std::string_view path, const Fingerprint& racy);

private:
    Statement find_;
    Statement in_;
    Statement put_;
    Statement remove_;
    Statement remove_in_;
    Statement remove_below_;
    Statement confirm_;
};

}  // namespace lockstep::state
