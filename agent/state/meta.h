// What an index knows of itself: values by name.
#pragma once

#include "agent/state/sqlite.h"

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::state {

// Throws DatabaseError.
class Meta {
public:
    explicit Meta(Database& database);

    std::optional<std::string> find(std::string_view key);
    void set(std::string_view key, std::string_view value);
    void forget(std::string_view key);

private:
    Statement find_;
    Statement set_;
    Statement forget_;
};

}  // namespace lockstep::state
