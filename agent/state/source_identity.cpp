#include "agent/state/source_identity.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>

namespace lockstep::state {
namespace {

// Their f_fsid is made of what is on the disk.
constexpr std::array<unsigned long, 4> with_identity{EXT4_SUPER_MAGIC, 0x58465342 /* XFS */,
                                                     BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC};

bool has_identity(const struct statfs& file_system)
{
    return std::ranges::any_of(with_identity, [&](unsigned long magic) {
        return static_cast<unsigned long>(file_system.f_type) == magic;
    });
}

std::string mount_point_of(const std::string& source)
{
    struct stat here {};
    if (::stat(source.c_str(), &here) != 0) return {};
    std::string at = source;
    while (at.size() > 1) {
        const std::size_t slash = at.rfind('/');
        const std::string up = slash == 0 ? "/" : at.substr(0, slash);
        struct stat above {};
        if (::stat(up.c_str(), &above) != 0 || above.st_dev != here.st_dev) break;
        at = up;
    }
    return at;
}

}  // namespace

std::string source_identity(const std::string& source)
{
    struct statfs file_system {};
    if (::statfs(source.c_str(), &file_system) != 0) return {};
    std::ostringstream text;
    text << std::hex << static_cast<unsigned long>(file_system.f_type) << ' ';
    if (has_identity(file_system)) {
        std::array<unsigned int, 2> id{};
        static_assert(sizeof id == sizeof file_system.f_fsid);
        std::memcpy(id.data(), &file_system.f_fsid, sizeof id);
        text << id[0] << ' ' << id[1];
    } else {
        text << "at " << mount_point_of(source);
    }
    return text.str();
}

}  // namespace lockstep::state
