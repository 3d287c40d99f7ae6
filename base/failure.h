// What an exception that was kept for later was.
#pragma once

#include "base/error.h"

#include <exception>
#include <optional>

namespace lockstep {

// None: it is no Error, or there is none.
inline std::optional<ErrorKind> kind_of(const std::exception_ptr& failure)
{
    if (!failure) return std::nullopt;
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        return error.kind();
    } catch (...) {
        return std::nullopt;
    }
}

}  // namespace lockstep
