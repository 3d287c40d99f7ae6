#include "tests/support/temp_tree.h"

#include "base/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>

namespace lockstep::testing {

namespace {

[[noreturn]] void fail(const char* call, const std::string& path)
{
    throw std::runtime_error(std::string(call) + " '" + path + "': " + std::strerror(errno));
}

void check(int result, const char* call, const std::string& path)
{
    if (result < 0) fail(call, path);
}

std::string temp_root()
{
    if (const char* dir = std::getenv("TMPDIR"); dir != nullptr && *dir != '\0') return dir;
    struct statvfs space {};
    constexpr std::uint64_t needed_bytes = std::uint64_t{1} << 30;
    if (::access("/dev/shm", W_OK) == 0 && ::statvfs("/dev/shm", &space) == 0 &&
        std::uint64_t{space.f_bavail} * space.f_frsize >= needed_bytes)
        return "/dev/shm";
    return "/tmp";
}

void write_all(int fd, std::string_view content, const std::string& path)
{
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("write", path);
        content.remove_prefix(static_cast<std::size_t>(n));
    }
}

void write_with(const std::string& path, std::string_view content, int flags)
{
    if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0)
        make_dirs(path.substr(0, slash));
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644));
    if (!fd) fail("open", path);
    write_all(fd.get(), content, path);
}

std::vector<std::string> names_of(int directory)
{
    std::vector<std::string> names;
    DIR* stream = ::fdopendir(::dup(directory));
    if (stream == nullptr) return names;
    ::rewinddir(stream);
    while (const dirent* entry = ::readdir(stream)) {
        const std::string name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(stream);
    return names;
}

// Removes what a directory holds. Below `depth_max` a subdirectory is moved up to `top` first and
// removed from there, so that no depth runs out of descriptors. Errors are left for the final
// rmdir.
class Remover {
public:
    explicit Remover(int top) : top_(top)
    {
        struct stat status {};
        if (::fstat(top, &status) == 0) device_ = status.st_dev;
    }

    void empty_it()
    {
        // Each round may have moved deep directories to the top.
        do {
            moved_up_ = false;
            empty(top_, 0);
        } while (moved_up_);
    }

private:
    static constexpr int depth_max = 100;

    void empty(int directory, int depth)
    {
        for (const std::string& name : names_of(directory)) {
            if (::unlinkat(directory, name.c_str(), 0) == 0) continue;
            if (depth >= depth_max) {
                const std::string up = ".deep-" + std::to_string(++moved_count_);
                if (::renameat(directory, name.c_str(), top_, up.c_str()) == 0) {
                    moved_up_ = true;
                    continue;
                }
            }
            descend(directory, name, depth);
            ::unlinkat(directory, name.c_str(), AT_REMOVEDIR);
        }
    }

    void descend(int directory, const std::string& name, int depth)
    {
        struct stat status {};
        if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
        if (!S_ISDIR(status.st_mode) || status.st_dev != device_) return;
        ::fchmodat(directory, name.c_str(), 0700, 0);
        const Fd below(
            ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (below) empty(below.get(), depth + 1);
    }

    int top_;
    dev_t device_ = 0;
    bool moved_up_ = false;
    std::uint64_t moved_count_ = 0;
};

}  // namespace

TempDir::TempDir()
{
    path_ = temp_root() + "/lockstep-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) fail("mkdtemp", path_);
    ::chmod(path_.c_str(), 0755);
}

TempDir::~TempDir()
{
    try {
        remove_tree(path_);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "left behind: %s\n", error.what());
    }
}

std::string operator/(const TempDir& dir, std::string_view relative)
{
    return relative.empty() ? dir.path() : dir.path() + "/" + std::string(relative);
}

void make_dirs(const std::string& path, mode_t mode)
{
    if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return;
    const auto slash = path.rfind('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) fail("mkdir", path);
    make_dirs(path.substr(0, slash), mode);
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail("mkdir", path);
}

void write_file(const std::string& path, std::string_view content)
{
    write_with(path, content, O_TRUNC);
}

void append_file(const std::string& path, std::string_view content)
{
    write_with(path, content, O_APPEND);
}

void replace_file(const std::string& path, std::string_view content)
{
    const std::string beside = path + ".new~";
    write_file(beside, content);
    rename_path(beside, path);
}

std::string read_file(const std::string& path)
{
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) fail("open", path);
    struct stat status {};
    check(::fstat(fd.get(), &status), "fstat", path);
    std::string content(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t filled = 0;
    while (true) {
        // One byte of room beyond the size: a file that grew, or one of /proc, is read to its end.
        if (filled == content.size()) content.resize(content.size() + 4096);
        const ssize_t n = ::read(fd.get(), content.data() + filled, content.size() - filled);
        if (n < 0 && errno == EINTR) continue;
        check(static_cast<int>(n < 0 ? -1 : 0), "read", path);
        if (n == 0) break;
        filled += static_cast<std::size_t>(n);
    }
    content.resize(filled);
    return content;
}

void rename_path(const std::string& from, const std::string& to)
{
    check(::rename(from.c_str(), to.c_str()), "rename", from + "' to '" + to);
}

void exchange_paths(const std::string& a, const std::string& b)
{
    check(::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE), "exchange",
          a + "' with '" + b);
}

void remove_file(const std::string& path)
{
    check(::remove(path.c_str()), "remove", path);
}

void remove_tree(const std::string& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return;
    if (S_ISDIR(status.st_mode)) {
        ::chmod(path.c_str(), 0700);
        const Fd top(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!top) fail("open", path);
        Remover(top.get()).empty_it();
    }
    check(::remove(path.c_str()), "remove", path);
}

void make_symlink(const std::string& target, const std::string& path)
{
    check(::symlink(target.c_str(), path.c_str()), "symlink", path);
}

void make_hard_link(const std::string& existing, const std::string& path)
{
    check(::link(existing.c_str(), path.c_str()), "link", path);
}

void make_fifo(const std::string& path, mode_t mode)
{
    check(::mkfifo(path.c_str(), mode), "mkfifo", path);
}

void set_mode(const std::string& path, mode_t mode)
{
    check(::chmod(path.c_str(), mode), "chmod", path);
}

void set_owner(const std::string& path, uid_t uid, gid_t gid)
{
    check(::lchown(path.c_str(), uid, gid), "lchown", path);
}

void set_xattr(const std::string& path, const std::string& name, std::string_view value)
{
    check(::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), "setxattr", path);
}

bool set_immutable(const std::string& path, bool on)
{
    const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    int flags = 0;
    if (!file || ::ioctl(file.get(), FS_IOC_GETFLAGS, &flags) != 0) return false;
    flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    return ::ioctl(file.get(), FS_IOC_SETFLAGS, &flags) == 0;
}

void set_mtime(const std::string& path, timespec mtime)
{
    const timespec times[2] = {{0, UTIME_OMIT}, mtime};
    check(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), "utimensat", path);
}

timespec mtime_of(const std::string& path)
{
    return status_of(path).st_mtim;
}

struct stat status_of(const std::string& path)
{
    struct stat status {};
    check(::lstat(path.c_str(), &status), "lstat", path);
    return status;
}

std::string link_target(const std::string& path)
{
    std::string target(4096, '\0');
    const ssize_t n = ::readlink(path.c_str(), target.data(), target.size());
    if (n < 0) fail("readlink", path);
    target.resize(static_cast<std::size_t>(n));
    return target;
}

bool exists(const std::string& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) return true;
    if (errno != ENOENT && errno != ENOTDIR) fail("lstat", path);
    return false;
}

std::vector<std::string> names_in(const std::string& path)
{
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) fail("open", path);
    std::vector<std::string> names = names_of(directory.get());
    std::sort(names.begin(), names.end());
    return names;
}

std::string random_bytes(std::size_t size, std::uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = random();
        std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
    }
    return bytes;
}

}  // namespace lockstep::testing
