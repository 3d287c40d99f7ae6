// The last guard before JSON: what is not UTF-8 never leaves, though escaping it is its maker's
// duty.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::status {

bool is_utf8(std::string_view text) noexcept;

// `text` itself when it is UTF-8, else escaped as paths are (base/path.h).
std::string as_utf8(std::string_view text);

}  // namespace lockstep::status
