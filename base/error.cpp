#include "base/error.h"

#include "base/path.h"

#include <system_error>

namespace lockstep {

std::string_view name_of(ErrorKind kind) noexcept
{
    switch (kind) {
        case ErrorKind::unreachable:
            return "unreachable";
        case ErrorKind::timeout:
            return "timeout";
        case ErrorKind::auth:
            return "auth";
        case ErrorKind::no_module:
            return "no_module";
        case ErrorKind::read_only:
            return "read_only";
        case ErrorKind::refused_option:
            return "refused_option";
        case ErrorKind::busy:
            return "busy";
        case ErrorKind::permission:
            return "permission";
        case ErrorKind::no_space:
            return "no_space";
        case ErrorKind::vanished:
            return "vanished";
        case ErrorKind::protocol:
            return "protocol";
        case ErrorKind::max_delete:
            return "max_delete";
        case ErrorKind::source:
            return "source";
        case ErrorKind::tls:
            return "tls";
        case ErrorKind::local:
            return "local";
    }
    return "local";
}

std::string describe_errno(std::string_view call, std::string_view path, int error)
{
    return std::string(call) + " " + quoted(path) + ": " + std::generic_category().message(error);
}

void throw_errno(ErrorKind kind, Remedy remedy, std::string_view call, std::string_view path,
                 int error)
{
    throw Error(kind, remedy, describe_errno(call, path, error));
}

}  // namespace lockstep
