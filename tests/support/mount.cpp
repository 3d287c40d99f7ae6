#include "tests/support/mount.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace lockstep::testing {

namespace {

[[noreturn]] void fail(const char* call, const std::string& path)
{
    throw std::runtime_error(std::string(call) + " '" + path + "': " + std::strerror(errno));
}

}  // namespace

bool may_mount()
{
    static const bool may = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return may;
}

Mount Mount::tmpfs(const std::string& at, std::uint64_t size_bytes)
{
    return {"tmpfs", at, "tmpfs", 0, "mode=0755,size=" + std::to_string(size_bytes)};
}

Mount Mount::bind(const std::string& directory, const std::string& at)
{
    return {directory, at, nullptr, MS_BIND, ""};
}

Mount Mount::overlay(const std::string& lower, const std::string& upper, const std::string& work,
                     const std::string& at)
{
    return {"overlay", at, "overlay", 0,
            "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work};
}

Mount::Mount(const std::string& what, const std::string& at, const char* type, unsigned long flags,
             const std::string& data)
    : at_(at)
{
    if (::mount(what.c_str(), at.c_str(), type, flags, data.c_str()) != 0) fail("mount", at);
}

Mount::Mount(Mount&& other) noexcept : at_(std::exchange(other.at_, std::string())) {}

Mount::~Mount()
{
    if (!at_.empty()) ::umount2(at_.c_str(), MNT_DETACH);
}

void Mount::resize(std::uint64_t size_bytes) const
{
    const std::string data = "size=" + std::to_string(size_bytes);
    if (::mount("tmpfs", at_.c_str(), "tmpfs", MS_REMOUNT, data.c_str()) != 0) fail("remount", at_);
}

void Mount::unmount()
{
    if (::umount2(at_.c_str(), 0) != 0) fail("umount", at_);
    at_.clear();
}

}  // namespace lockstep::testing
