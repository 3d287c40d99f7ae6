// Which files are compressed already, by their names.
#pragma once

#include <string_view>

namespace lockstep::transport {

// Of a path, any bytes: its name ends in a type whose content does not shrink, in letters of either
// case. A name that is nothing but the ending has no type.
bool is_packed(std::string_view path) noexcept;

}  // namespace lockstep::transport
