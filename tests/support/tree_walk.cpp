// The own comparison of tree_equal.h.
#include "base/fd.h"
#include "base/path.h"
#include "tests/support/tree_equal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>

namespace lockstep::testing {

namespace {

constexpr std::size_t lines_max = 50;

std::string text_of(const char* format, auto... values)
{
    std::array<char, 160> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, values...);
    return buffer.data();
}

const char* kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
        case S_IFREG:
            return "file";
        case S_IFDIR:
            return "directory";
        case S_IFLNK:
            return "symlink";
        case S_IFIFO:
            return "fifo";
        case S_IFSOCK:
            return "socket";
        case S_IFCHR:
            return "character device";
        default:
            return "block device";
    }
}

std::set<std::string> names_below(int directory)
{
    std::set<std::string> names;
    DIR* stream = ::fdopendir(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (stream == nullptr) return names;
    while (const dirent* entry = ::readdir(stream)) {
        const std::string name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") names.insert(name);
    }
    ::closedir(stream);
    return names;
}

// Through the held directory, so that no depth makes the path too long.
std::map<std::string, std::string> xattrs_of(int directory, const std::string& name)
{
    std::map<std::string, std::string> all;
    const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
    std::string list(65536, '\0');
    const ssize_t length = ::llistxattr(path.c_str(), list.data(), list.size());
    for (ssize_t at = 0; at < length;) {
        const std::string key = list.c_str() + at;
        std::string value(65536, '\0');
        const ssize_t n = ::lgetxattr(path.c_str(), key.c_str(), value.data(), value.size());
        value.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        all[key] = value;
        at += static_cast<ssize_t>(key.size()) + 1;
    }
    return all;
}

std::string target_of(int directory, const std::string& name)
{
    std::string target(4096, '\0');
    const ssize_t n = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    target.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return target;
}

// The offset of the first different byte; -1 when there is none.
long long first_difference(int a_directory, int b_directory, const std::string& name)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
    const Fd a(::openat(a_directory, name.c_str(), flags));
    const Fd b(::openat(b_directory, name.c_str(), flags));
    if (!a || !b) return 0;
    std::string from_a(1 << 18, '\0');
    std::string from_b(1 << 18, '\0');
    long long at = 0;
    while (true) {
        const ssize_t n = ::pread(a.get(), from_a.data(), from_a.size(), at);
        const ssize_t m = ::pread(b.get(), from_b.data(), from_b.size(), at);
        const ssize_t both = std::max<ssize_t>(0, std::min(n, m));
        const auto differs =
            std::mismatch(from_a.begin(), from_a.begin() + both, from_b.begin()).first;
        const auto same = differs - from_a.begin();
        if (same != both) return at + same;
        if (n != m) return at + both;
        if (n <= 0) return -1;
        at += n;
    }
}

class Walk {
public:
    explicit Walk(const Compare& compare) : compare_(compare) {}

    void roots(const std::string& source, const std::string& destination)
    {
        const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
        const Fd a(::open(source.c_str(), flags));
        const Fd b(::open(destination.c_str(), flags));
        if (!a || !b) {
            lines_.push_back(std::string("cannot open ") + (a ? destination : source) + ": " +
                             std::strerror(errno));
            return;
        }
        attributes("", a.get(), b.get(), ".");
        directories("", a.get(), b.get());
    }

    Lines take() { return std::move(lines_); }

private:
    using Inode = std::pair<dev_t, ino_t>;

    bool full() const { return lines_.size() >= lines_max; }

    void report(const std::string& path, const std::string& what)
    {
        if (!full()) lines_.push_back((path.empty() ? "." : escaped(path)) + ": " + what);
    }

    void directories(const std::string& path, int a, int b)
    {
        const std::set<std::string> names_a = names_below(a);
        const std::set<std::string> names_b = names_below(b);
        std::set<std::string> names = names_a;
        names.insert(names_b.begin(), names_b.end());
        for (const std::string& name : names) {
            const std::string below = join(path, name);
            if (full()) return;
            if (compare_.ignore && compare_.ignore(below)) continue;
            if (!names_b.contains(name))
                report(below, "missing there");
            else if (!names_a.contains(name))
                report(below, "only there");
            else
                entries(below, a, b, name);
        }
    }

    void entries(const std::string& path, int a, int b, const std::string& name)
    {
        if (!attributes(path, a, b, name)) return;
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        const Fd below_a(::openat(a, name.c_str(), flags));
        if (!below_a) return;  // no directory
        const Fd below_b(::openat(b, name.c_str(), flags));
        if (below_b) directories(path, below_a.get(), below_b.get());
    }

    // False when the kinds differ: nothing below can be compared.
    bool attributes(const std::string& path, int a, int b, const std::string& name)
    {
        struct stat sa {};
        struct stat sb {};
        if (::fstatat(a, name.c_str(), &sa, AT_SYMLINK_NOFOLLOW) != 0 ||
            ::fstatat(b, name.c_str(), &sb, AT_SYMLINK_NOFOLLOW) != 0) {
            report(path, std::string("lstat: ") + std::strerror(errno));
            return false;
        }
        if ((sa.st_mode & S_IFMT) != (sb.st_mode & S_IFMT)) {
            report(path, std::string(kind_of(sa.st_mode)) + ", there " + kind_of(sb.st_mode));
            return false;
        }
        metadata(path, sa, sb);
        if (S_ISREG(sa.st_mode)) content(path, sa, sb, first_difference(a, b, name));
        if (S_ISLNK(sa.st_mode)) link(path, target_of(a, name), target_of(b, name));
        if (compare_.xattrs && xattrs_of(a, name) != xattrs_of(b, name)) xattrs(path, a, b, name);
        if (compare_.hard_links && !S_ISDIR(sa.st_mode)) same_file(path, sa, sb);
        return true;
    }

    void metadata(const std::string& path, const struct stat& sa, const struct stat& sb)
    {
        if (compare_.modes && !S_ISLNK(sa.st_mode) && sa.st_mode != sb.st_mode)
            report(path,
                   text_of("mode %04o, there %04o", sa.st_mode & 07777U, sb.st_mode & 07777U));
        if (compare_.owners && (sa.st_uid != sb.st_uid || sa.st_gid != sb.st_gid))
            report(path,
                   text_of("owner %u:%u, there %u:%u", sa.st_uid, sa.st_gid, sb.st_uid, sb.st_gid));
        const timespec ta = sa.st_mtim;
        const timespec tb = sb.st_mtim;
        if (compare_.times && (ta.tv_sec != tb.tv_sec || ta.tv_nsec != tb.tv_nsec))
            report(path,
                   text_of("mtime %lld.%09ld, there %lld.%09ld", static_cast<long long>(ta.tv_sec),
                           ta.tv_nsec, static_cast<long long>(tb.tv_sec), tb.tv_nsec));
        if ((S_ISCHR(sa.st_mode) || S_ISBLK(sa.st_mode)) && sa.st_rdev != sb.st_rdev)
            report(path, text_of("device %u:%u, there %u:%u", major(sa.st_rdev), minor(sa.st_rdev),
                                 major(sb.st_rdev), minor(sb.st_rdev)));
    }

    void content(const std::string& path, const struct stat& sa, const struct stat& sb,
                 long long at)
    {
        if (sa.st_size != sb.st_size)
            report(path, text_of("size %lld, there %lld; content differs at byte %lld",
                                 static_cast<long long>(sa.st_size),
                                 static_cast<long long>(sb.st_size), at));
        else if (at >= 0)
            report(path, text_of("content differs at byte %lld", at));
    }

    void link(const std::string& path, const std::string& a, const std::string& b)
    {
        if (a != b) report(path, "links to " + quoted(a) + ", there " + quoted(b));
    }

    void xattrs(const std::string& path, int a, int b, const std::string& name)
    {
        std::map<std::string, std::string> here = xattrs_of(a, name);
        std::map<std::string, std::string> there = xattrs_of(b, name);
        for (const auto& [key, value] : here)
            if (!there.contains(key) || there[key] != value)
                report(path,
                       "xattr " + key + (there.contains(key) ? " differs" : " missing there"));
        for (const auto& [key, value] : there)
            if (!here.contains(key)) report(path, "xattr " + key + " only there");
    }

    // The first path of an inode stands for it on both sides; a second path must find the same
    // first.
    void same_file(const std::string& path, const struct stat& sa, const struct stat& sb)
    {
        if (sa.st_nlink < 2 && sb.st_nlink < 2) return;
        const std::string& first_a = here_.try_emplace({sa.st_dev, sa.st_ino}, path).first->second;
        const std::string& first_b = there_.try_emplace({sb.st_dev, sb.st_ino}, path).first->second;
        if (first_a == first_b) return;
        report(path, first_a == path ? "a file of its own, there linked to " + quoted(first_b)
                                     : "linked to " + quoted(first_a) + ", there not");
    }

    const Compare& compare_;
    Lines lines_;
    std::map<Inode, std::string> here_;
    std::map<Inode, std::string> there_;
};

}  // namespace

Lines quick_differences(const std::string& source, const std::string& destination,
                        const Compare& compare)
{
    Walk walk(compare);
    walk.roots(source, destination);
    return walk.take();
}

}  // namespace lockstep::testing
