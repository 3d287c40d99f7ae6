// What a YAML document says, as a plain tree that knows where each value stands.
#pragma once

#include "config/diagnostic.h"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::config {

// Aliases are already resolved and keys are unique: what reads this never meets YAML.
struct Value {
    enum class Kind { null, scalar, list, map };
    struct Name {
        std::string text;
        Place place;
    };

    Kind kind = Kind::null;
    Place place;
    std::string key;           // "mappings[0].batch.settle", escaped for people
    std::string text;          // of a scalar
    bool quoted = false;       // a scalar that can only be text
    std::vector<Value> items;  // of a list, or a map's values
    std::vector<Name> names;   // of a map, one for each item

    // Of a map; none is null.
    const Value* find(std::string_view name) const noexcept
    {
        for (std::size_t i = 0; i < names.size(); ++i)
            if (names[i].text == name) return &items[i];
        return nullptr;
    }
};

// "nothing", "a list", "a map", or the scalar between quotes, shortened.
std::string described(const Value& value);

}  // namespace lockstep::config
