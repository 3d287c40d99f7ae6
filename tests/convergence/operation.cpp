#include "tests/convergence/operation.h"

#include "base/fd.h"
#include "base/path.h"
#include "tests/support/temp_tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>

namespace lockstep::testing {

namespace {

using Kind = Operation::Kind;

constexpr const char* saved_beside = ".being-saved";
constexpr int pieces = 4;
constexpr mode_t file_mode = 0644;

// Raw calls on one operation's paths. None follows a link in its last component.
class Performer {
public:
    Performer(const Operation& operation, const std::string& source)
        : op_(operation),
          path_(source + "/" + operation.path),
          other_(source + "/" + operation.other)
    {
    }

    bool perform() const
    {
        switch (op_.kind) {
            case Kind::write:
                return write(path_, O_CREAT | O_TRUNC);
            case Kind::write_slowly:
                return write_slowly();
            case Kind::append:
                return write(path_, O_APPEND);
            case Kind::overwrite:
                return overwrite();
            case Kind::rewrite:
                return rewrite();
            case Kind::truncate:
                return truncate();
            case Kind::save:
                return save();
            case Kind::make_dirs:
                return make_dirs();
            case Kind::make_tree:
                return make_tree();
            case Kind::symlink:
                return ::symlink(op_.other.c_str(), path_.c_str()) == 0;
            case Kind::hard_link:
                return hard_link();
            case Kind::fifo:
                return ::mkfifo(path_.c_str(), file_mode) == 0;
            case Kind::rename:
                return ::rename(path_.c_str(), other_.c_str()) == 0;
            case Kind::renew:
                return renew();
            case Kind::exchange:
                return ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, other_.c_str(),
                                   RENAME_EXCHANGE) == 0;
            case Kind::rotate:
                return rotate();
            case Kind::remove:
                return remove();
            case Kind::replace:
                return replace();
            case Kind::mode:
                return mode();
            case Kind::owner:
                return ::lchown(path_.c_str(), static_cast<uid_t>(op_.number),
                                static_cast<gid_t>(op_.number)) == 0;
            case Kind::touch:
                return touch();
            case Kind::xattr:
                return xattr();
        }
        return false;
    }

private:
    static Fd open(const std::string& path, int flags)
    {
        return Fd(::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, file_mode));
    }

    std::string bytes() const { return random_bytes(op_.size, op_.seed); }

    static bool put(const Fd& file, std::string_view bytes)
    {
        return ::write(file.get(), bytes.data(), bytes.size()) >= 0;
    }

    bool write(const std::string& path, int flags) const
    {
        const Fd file = open(path, O_WRONLY | flags);
        return file && put(file, bytes());
    }

    bool write_slowly() const
    {
        const Fd file = open(path_, O_WRONLY | O_CREAT | O_TRUNC);
        // Should its name go meanwhile, no event tells what its other names become.
        if (!file || names_of(file) > 1) return false;
        const std::string all = bytes();
        const std::size_t piece = all.size() / pieces + 1;
        for (std::size_t at = 0; at < all.size(); at += piece) {
            if (!put(file, std::string_view(all).substr(at, piece))) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(op_.number));
        }
        return true;
    }

    // Within the file as it is, so that the size stays.
    static bool patch(const Fd& file, std::string_view bytes, std::uint64_t where)
    {
        struct stat status {};
        if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
            status.st_size == 0)
            return false;
        const auto size = static_cast<std::uint64_t>(status.st_size);
        const std::uint64_t at = where % size;
        bytes = bytes.substr(0, static_cast<std::size_t>(size - at));
        return ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)) >= 0;
    }

    bool overwrite() const { return patch(open(path_, O_WRONLY), bytes(), op_.seed); }

    bool rewrite() const
    {
        const Fd file = open(path_, O_WRONLY);
        struct stat before {};
        if (!file || ::fstat(file.get(), &before) != 0 || !S_ISREG(before.st_mode)) return false;
        // Its other names would have nothing to tell: see links_directory.
        if (before.st_nlink > 1) return false;
        if (!patch(file, bytes(), 0)) return false;
        const timespec times[2] = {{0, UTIME_OMIT}, before.st_mtim};
        return ::futimens(file.get(), times) == 0;
    }

    bool truncate() const
    {
        const Fd file = open(path_, O_WRONLY);
        return file && ::ftruncate(file.get(), static_cast<off_t>(op_.size)) == 0;
    }

    bool save() const
    {
        const std::string beside = path_.substr(0, path_.rfind('/') + 1) + saved_beside;
        if (!write(beside, O_CREAT | O_TRUNC)) return false;
        if (::rename(beside.c_str(), path_.c_str()) == 0) return true;
        ::unlink(beside.c_str());
        return false;
    }

    bool make_dirs() const
    {
        const std::size_t source_bytes = path_.size() - op_.path.size();
        for (std::size_t slash = path_.find('/', source_bytes); slash != std::string::npos;
             slash = path_.find('/', slash + 1))
            ::mkdir(path_.substr(0, slash).c_str(), 0755);
        return ::mkdir(path_.c_str(), 0755) == 0;
    }

    bool make_tree() const
    {
        if (::mkdir(path_.c_str(), 0755) != 0) return false;
        ::mkdir((path_ + "/dd").c_str(), 0755);
        ::mkdir((path_ + "/dd/e e").c_str(), 0700);
        return write(path_ + "/a", O_CREAT) && write(path_ + "/dd/b", O_CREAT) &&
               write(path_ + "/dd/e e/c", O_CREAT) &&
               ::symlink("../a", (path_ + "/dd/c").c_str()) == 0;
    }

    bool renew() const
    {
        if (::rename(path_.c_str(), other_.c_str()) != 0) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(op_.number));
        return make_tree();
    }

    static nlink_t names_of(const Fd& file)
    {
        struct stat status {};
        return ::fstat(file.get(), &status) == 0 ? status.st_nlink : 0;
    }

    // A daemon never parts two names of one FIFO or symlink again: it would have to remove one. And
    // what is being written slowly stays without another name, see there: a lease tells.
    bool hard_link() const
    {
        struct stat status {};
        if (::lstat(path_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
        const Fd file = open(path_, O_RDONLY);
        if (!file || ::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return false;
        const bool linked = ::link(path_.c_str(), other_.c_str()) == 0;
        ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
        return linked;
    }

    bool rotate() const
    {
        ::rename((path_ + ".1").c_str(), (path_ + ".2").c_str());
        ::rename(path_.c_str(), (path_ + ".1").c_str());
        return write(path_, O_CREAT | O_TRUNC);
    }

    bool remove() const
    {
        const auto one = [](const char* path, const struct stat*, int, struct FTW*) {
            ::remove(path);
            return 0;
        };
        return ::nftw(path_.c_str(), one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0;
    }

    bool replace() const
    {
        if (!remove()) return false;
        switch (op_.number % 4) {
            case 0:
                return write(path_, O_CREAT);
            case 1:
                return make_tree();
            case 2:
                return ::symlink("a", path_.c_str()) == 0;
            default:
                return ::mkfifo(path_.c_str(), file_mode) == 0;
        }
    }

    // chmod follows links; a mode of a link does not exist.
    bool mode() const
    {
        struct stat status {};
        return ::lstat(path_.c_str(), &status) == 0 && !S_ISLNK(status.st_mode) &&
               ::chmod(path_.c_str(), static_cast<mode_t>(op_.number)) == 0;
    }

    bool touch() const
    {
        const timespec times[2] = {
            {0, UTIME_OMIT},
            {static_cast<time_t>(op_.number), static_cast<long>(op_.seed % 1'000'000'000)}};
        return ::utimensat(AT_FDCWD, path_.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0;
    }

    bool xattr() const
    {
        if (op_.size == 0) return ::lremovexattr(path_.c_str(), "user.note") == 0;
        const std::string value = bytes();
        return ::lsetxattr(path_.c_str(), "user.note", value.data(), value.size(), 0) == 0;
    }

    const Operation& op_;
    const std::string path_;
    const std::string other_;
};

std::string_view name_of(Kind kind)
{
    constexpr std::string_view names[] = {
        "write",  "write slowly", "append to", "overwrite in", "rewrite", "truncate",
        "save",   "mkdir -p",     "make tree", "symlink",      "link",    "mkfifo",
        "rename", "renew",        "exchange",  "rotate",       "rm -r",   "replace",
        "chmod",  "chown",        "touch",     "xattr of"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace

bool perform(const Operation& operation, const std::string& source)
{
    return Performer(operation, source).perform();
}

std::string describe(const Operation& operation)
{
    std::string text = std::string(name_of(operation.kind)) + " " + quoted(operation.path);
    if (!operation.other.empty()) text += " to " + quoted(operation.other);
    if (operation.size != 0) text += ", " + std::to_string(operation.size) + " bytes";
    if (operation.number != 0) text += ", " + std::to_string(operation.number);
    return text;
}

}  // namespace lockstep::testing
