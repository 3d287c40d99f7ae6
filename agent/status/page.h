// GET /: a page for a browser that shows /v1/status and refreshes itself.
#pragma once

#include <string_view>

namespace lockstep::status {

// Self-contained HTML: loads nothing but /v1/status, and puts what that says into the page as text
// only, so that a file's name cannot become markup.
std::string_view page() noexcept;

}  // namespace lockstep::status
