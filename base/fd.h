// Owns one file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace lockstep {

// -1 is none. Closing is silent: who wrote through it and cares calls fsync.
class Fd {
public:
    Fd() noexcept = default;
    explicit Fd(int raw) noexcept : raw_(raw) {}
    Fd(Fd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
    Fd& operator=(Fd&& other) noexcept
    {
        std::swap(raw_, other.raw_);  // ours closes with `other`
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd()
    {
        if (raw_ >= 0) ::close(raw_);  // no retry on EINTR: on Linux it is gone even then
    }

    int get() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return raw_ >= 0; }
    int release() noexcept { return std::exchange(raw_, -1); }

private:
    int raw_ = -1;
};

}  // namespace lockstep
