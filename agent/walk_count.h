// How many directories a source really has, for comparing the kernel's limits with the need.
#pragma once

#include "base/beneath.h"

#include <cstdint>
#include <functional>
#include <string_view>

namespace lockstep::agent {

struct SourceCount {
    std::uint64_t directories = 0;
    std::uint64_t entries = 0;
    std::uint64_t unreadable = 0;
};

// An empty `excluded` excludes nothing.
SourceCount count_source(
    const Beneath& source, bool one_file_system,
    const std::function<bool(std::string_view path, bool directory)>& excluded);

}  // namespace lockstep::agent
