// A password: read from a file that only its owner can read, and never printed.
#pragma once

#include <string>

namespace lockstep::config {

// No operator<<, no conversion: `reveal` is the one way out, and grep finds who uses it. Wiped on
// destruction.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) = default;
    Secret& operator=(const Secret&) = default;
    Secret& operator=(Secret&&) = default;
    ~Secret();

    const std::string& reveal() const noexcept { return value_; }

private:
    std::string value_;
};

// First line of the file without its line end. Throws Error(auth, needs_person) when it is missing,
// unreadable, empty, or readable by others (mode & 077), and says the mode and the chmod that cures it.
Secret read_password_file(const std::string& file);

}  // namespace lockstep::config
