// A password: read from a file that only its owner can read, and never printed.
#pragma once

#include <string>
#include <utility>

namespace lockstep::config {

// No operator<<, no conversion: `reveal` is the one way out, and grep finds who uses it. Wiped on
// destruction.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) = default;
    Secret& operator=(Secret other) noexcept  // ours is wiped with `other`
    {
        value_.swap(other.value_);
        return *this;
    }
    ~Secret();

    const std::string& reveal() const noexcept { return value_; }

private:
    std::string value_;
};

// First line of the file without its line end. Throws Error(auth, needs_person) when it is missing,
// unreadable, empty, owned by a user who is neither us nor root, or open to others (mode & 077);
// the last says the mode and the chmod that cures it.
Secret read_password_file(const std::string& file);

}  // namespace lockstep::config
