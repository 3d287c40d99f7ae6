// YAML text to a tree of values; the only file that knows yaml-cpp.
#pragma once

#include "config/value.h"

#include <optional>
#include <string>

namespace lockstep::config {

// What a hostile file can make us hold and how deep we recurse.
inline constexpr std::size_t document_bytes_max = 1'048'576;  // the worst costs 0.4 s to refuse
inline constexpr std::size_t document_values_max = 200'000;  // aliases count as what they stand for
inline constexpr std::size_t document_depth_max = 32;

// None after an error of syntax, of which there is one. Keys that come twice in a map are errors,
// and the first stands. An empty document is null.
std::optional<Value> read_document(const std::string& text, Diagnostics& out);

}  // namespace lockstep::config
