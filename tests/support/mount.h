// File systems that a test mounts: seen by it and what it starts, gone with it.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep::testing {

// Mounting takes root, and a mount namespace of one's own: false where that is not to be had, and
// the test has nothing to test. The namespace is that of the calling thread and of what it starts
// from then on; call it before anything else.
bool may_mount();

// Unmounted in the destructor, whoever still uses it.
class Mount {
public:
    static Mount tmpfs(const std::string& at, std::uint64_t size_bytes);
    static Mount bind(const std::string& directory, const std::string& at);
    static Mount overlay(const std::string& lower, const std::string& upper,
                         const std::string& work, const std::string& at);

    Mount(Mount&& other) noexcept;
    ~Mount();
    Mount(const Mount&) = delete;
    Mount& operator=(const Mount&) = delete;
    Mount& operator=(Mount&&) = delete;

    void resize(std::uint64_t size_bytes) const;  // of a tmpfs
    void unmount();  // for good; throws when something is open on it (EBUSY)

private:
    Mount(const std::string& what, const std::string& at, const char* type, unsigned long flags,
          const std::string& data);

    std::string at_;  // empty: not mounted any more
};

}  // namespace lockstep::testing
