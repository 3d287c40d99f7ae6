// What went wrong: a sentence for people, a kind and a remedy for code.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace lockstep {

// The one thing a caller decides on. Text is for people; this is for code.
enum class Remedy {
    retry,         // the line or the peer failed: the same work again, later
    skip_path,     // only this path failed: the others go on
    needs_person,  // bad password, refused option: again would fail again
};

// The `kind` of `last_error` in the contract; part of the status, so never renamed.
enum class ErrorKind {
    unreachable,
    timeout,
    auth,
    no_module,
    read_only,
    refused_option,
    busy,
    permission,
    no_space,
    vanished,
    protocol,
    max_delete,
    source,
    tls,
    local,
};

std::string_view name_of(ErrorKind kind) noexcept;

// The line failed, or nothing came over it: of what the peer has done nobody knows.
constexpr bool is_line_trouble(ErrorKind kind) noexcept
{
    return kind == ErrorKind::unreachable || kind == ErrorKind::timeout;
}

class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, Remedy remedy, const std::string& what)
        : std::runtime_error(what), kind_(kind), remedy_(remedy)
    {
    }

    ErrorKind kind() const noexcept { return kind_; }
    Remedy remedy() const noexcept { return remedy_; }

    // The same error from one level up; each level adds what only it knows, once:
    // "push to web (host 198.51.100.7): greeting: timed out after 5000 ms".
    Error in(std::string_view context) const
    {
        return {kind_, remedy_, std::string(context) + ": " + what()};
    }

private:
    ErrorKind kind_;
    Remedy remedy_;
};

// "open 'a/b': Permission denied" for the current or a given errno.
std::string describe_errno(std::string_view call, std::string_view path, int error);
[[noreturn]] void throw_errno(ErrorKind kind, Remedy remedy, std::string_view call,
                              std::string_view path, int error);

}  // namespace lockstep
