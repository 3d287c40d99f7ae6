#include "config/secret.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace lockstep::config {
namespace {

constexpr std::size_t password_bytes_max = 4096;

void wipe(std::string& text) noexcept
{
    text.resize(text.capacity());  // a shorter value may have followed a longer one; never grows
    explicit_bzero(text.data(), text.size());
}

[[noreturn]] void refuse(const std::string& file, const std::string& why)
{
    throw Error(ErrorKind::auth, Remedy::needs_person,
                "password file " + quoted(file) + ": " + why);
}

[[noreturn]] void refuse_errno(const std::string& call, const std::string& file, int error)
{
    throw_errno(ErrorKind::auth, Remedy::needs_person, call + " password file", file, error);
}

std::string octal(mode_t mode)
{
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
    return text.data();
}

void check_owner_and_mode(int fd, const std::string& file)
{
    struct stat status {};
    if (::fstat(fd, &status) != 0) refuse_errno("stat", file, errno);
    if (!S_ISREG(status.st_mode)) refuse(file, "expected a regular file");
    if (status.st_uid != ::geteuid() && status.st_uid != 0)
        refuse(file, "owned by user " + std::to_string(status.st_uid) + ", expected root or user " +
                         std::to_string(::geteuid()) + ", who runs this");
    if ((status.st_mode & 077) != 0)
        refuse(file, "mode " + octal(status.st_mode) +
                         " lets others in, expected 0600: run chmod 600 " + escaped(file));
}

}  // namespace

Secret::~Secret()
{
    wipe(value_);
}

Secret read_password_file(const std::string& file)
{
    // O_NONBLOCK: a FIFO in its place must not hold us up.
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) refuse_errno("open", file, errno);
    check_owner_and_mode(fd.get(), file);

    std::string text;
    text.reserve(password_bytes_max + 1);  // no growth: that would leave copies behind
    text.resize(password_bytes_max + 1);
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t got = ::read(fd.get(), text.data() + filled, text.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int error = errno;
            wipe(text);
            refuse_errno("read", file, error);
        }
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    const std::size_t end = std::min(std::string_view(text).find_first_of("\r\n"), filled);
    Secret secret(text.substr(0, end));
    wipe(text);
    if (end == 0) refuse(file, "the first line is empty, expected a password");
    if (end > password_bytes_max)
        refuse(file,
               "the first line is longer than " + std::to_string(password_bytes_max) + " bytes");
    if (secret.reveal().find('\0') != std::string::npos)
        refuse(file, "the first line has a NUL byte in it, expected a password");
    return secret;
}

}  // namespace lockstep::config
