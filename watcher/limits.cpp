#include "watcher/limits.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace lockstep::watcher {
namespace {

constexpr std::string_view folder = "/proc/sys/fs/inotify/";

std::uint64_t read_limit(std::string_view name)
{
    const std::string path = std::string(folder) + std::string(name);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw_errno(ErrorKind::local, Remedy::needs_person, "open", path, errno);
    std::array<char, 32> text{};
    const ssize_t got = ::read(file.get(), text.data(), text.size());
    if (got < 0) throw_errno(ErrorKind::local, Remedy::needs_person, "read", path, errno);
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + got, value);
    if (parsed.ec != std::errc())
        throw Error(ErrorKind::local, Remedy::needs_person, "'" + path + "' holds no number");
    return value;
}

// 0 or an errno.
int write_limit(std::string_view name, std::uint64_t value)
{
    const std::string path = std::string(folder) + std::string(name);
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return errno;
    const std::string text = std::to_string(value);
    return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

std::string raise_one(std::string_view name, std::uint64_t have,
                      const std::optional<std::uint64_t>& wanted)
{
    if (!wanted || have >= *wanted) return {};
    const int error = write_limit(name, *wanted);
    if (error == 0) return {};
    const std::string sysctl = "fs.inotify." + std::string(name);
    return sysctl + " is " + std::to_string(have) + ", less than the " + std::to_string(*wanted) +
           " asked for, and may not be raised from here (" +
           describe_errno("write", sysctl, error) + "): run sysctl -w " + sysctl + "=" +
           std::to_string(*wanted);
}

struct FileSystem {
    std::uint32_t magic;
    std::string_view name;
};

// statfs(2)'s f_type of those whose files change without this kernel's doing, or whose changes it
// sees only in part. Those without a name in <linux/magic.h> are in their own sources.
constexpr std::array<FileSystem, 12> unwatchable{{
    {NFS_SUPER_MAGIC, "nfs"},
    {SMB_SUPER_MAGIC, "smb"},
    {CIFS_SUPER_MAGIC, "cifs"},
    {SMB2_SUPER_MAGIC, "smb2"},
    {FUSE_SUPER_MAGIC, "fuse"},
    {V9FS_MAGIC, "9p"},
    {CEPH_SUPER_MAGIC, "ceph"},
    {AFS_SUPER_MAGIC, "afs"},
    {AFS_FS_MAGIC, "afs"},
    {CODA_SUPER_MAGIC, "coda"},
    {OVERLAYFS_SUPER_MAGIC, "overlay"},
    {0x786f4256, "vboxsf"},
}};

}  // namespace

InotifyLimits read_limits()
{
    return {.max_user_watches = read_limit("max_user_watches"),
            .max_user_instances = read_limit("max_user_instances"),
            .max_queued_events = read_limit("max_queued_events")};
}

std::string raise_limits(const LimitsWanted& wanted)
{
    const InotifyLimits have = read_limits();
    std::string sentences;
    for (const std::string& sentence :
         {raise_one("max_user_watches", have.max_user_watches, wanted.max_user_watches),
          raise_one("max_user_instances", have.max_user_instances, wanted.max_user_instances),
          raise_one("max_queued_events", have.max_queued_events, wanted.max_queued_events)}) {
        if (sentence.empty()) continue;
        if (!sentences.empty()) sentences += "; ";
        sentences += sentence;
    }
    return sentences;
}

bool changes_unseen(const std::string& absolute_path)
{
    const std::string file_system = unwatchable_file_system(absolute_path);
    return !file_system.empty() && file_system != "overlay";
}

std::string unwatchable_file_system(const std::string& absolute_path)
{
    struct statfs status {};
    if (::statfs(absolute_path.c_str(), &status) != 0) return {};
    const auto magic = static_cast<std::uint32_t>(status.f_type);
    for (const FileSystem& it : unwatchable)
        if (it.magic == magic) return std::string(it.name);
    return {};
}

}  // namespace lockstep::watcher
