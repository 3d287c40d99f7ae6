#include "agent/push/entry_reader.h"

#include "agent/push/link_index.h"
#include "agent/state/fingerprint.h"
#include "base/path.h"

#include <acl/libacl.h>
#include <sys/acl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace lockstep::push {
namespace {

using transport::Acl;
using transport::Entry;
using transport::XattrValue;

struct AclCloser {
    void operator()(void* object) const { ::acl_free(object); }
};
using AclHandle = std::unique_ptr<std::remove_pointer_t<acl_t>, AclCloser>;

// The way to an object held by descriptor, for calls that want a path.
std::string through(const Fd& fd)
{
    return "/proc/self/fd/" + std::to_string(fd.get());
}

std::uint8_t permissions_of(acl_entry_t entry)
{
    acl_permset_t set = nullptr;
    if (::acl_get_permset(entry, &set) != 0) return 0;
    std::uint8_t bits = 0;
    if (::acl_get_perm(set, ACL_READ) == 1) bits |= 4;
    if (::acl_get_perm(set, ACL_WRITE) == 1) bits |= 2;
    if (::acl_get_perm(set, ACL_EXECUTE) == 1) bits |= 1;
    return bits;
}

Acl read_acl(const std::string& path, acl_type_t type)
{
    Acl result;
    const AclHandle acl(::acl_get_file(path.c_str(), type));
    if (!acl) return result;  // no ACLs on this file system, or none at all
    acl_entry_t entry = nullptr;
    for (int which = ACL_FIRST_ENTRY; ::acl_get_entry(acl.get(), which, &entry) == 1;
         which = ACL_NEXT_ENTRY) {
        acl_tag_t tag = ACL_UNDEFINED_TAG;
        if (::acl_get_tag_type(entry, &tag) != 0) continue;
        const std::uint8_t bits = permissions_of(entry);
        switch (tag) {
            case ACL_USER_OBJ:
                result.user_obj = bits;
                break;
            case ACL_GROUP_OBJ:
                result.group_obj = bits;
                break;
            case ACL_MASK:
                result.mask = bits;
                break;
            case ACL_OTHER:
                result.other = bits;
                break;
            case ACL_USER:
            case ACL_GROUP: {
                const std::unique_ptr<void, AclCloser> id(::acl_get_qualifier(entry));
                if (!id) break;
                result.named.push_back(
                    {*static_cast<const id_t*>(id.get()), bits, tag == ACL_USER});
                break;
            }
            default:
                break;
        }
    }
    std::sort(result.named.begin(), result.named.end(), [](const auto& a, const auto& b) {
        return std::pair(!a.user, a.id) < std::pair(!b.user, b.id);
    });
    return result;
}

// What the mode says already is left out (PROTOCOL.md 22); the group bits of the mode are the mask
// when there is one.
void leave_out_what_the_mode_says(Acl& acl, std::uint32_t mode)
{
    acl.user_obj.reset();
    acl.other.reset();
    const auto group = static_cast<std::uint8_t>((mode >> 3) & 7);
    if (!acl.mask || acl.group_obj == group) acl.group_obj.reset();
    if (!acl.named.empty() && acl.mask == group) acl.mask.reset();
}

bool is_acl_attribute(std::string_view name)
{
    return name == "system.posix_acl_access" || name == "system.posix_acl_default";
}

// The kernel lists an ACL among the extended attributes.
bool has_no_attributes(const Parent& parent, const std::string& path)
{
    std::string way(name_of_path(path));
    if (!parent.works_there) way.insert(0, through(*parent.directory) + '/');
    return ::llistxattr(way.c_str(), nullptr, 0) == 0;
}

std::vector<XattrValue> read_xattrs(const std::string& path)
{
    std::vector<XattrValue> values;
    const ssize_t names_bytes = ::listxattr(path.c_str(), nullptr, 0);
    if (names_bytes <= 0) return values;
    std::string names(static_cast<std::size_t>(names_bytes) + 1024, '\0');
    const ssize_t got = ::listxattr(path.c_str(), names.data(), names.size());
    if (got <= 0) return values;
    names.resize(static_cast<std::size_t>(got));
    for (std::size_t at = 0; at < names.size();) {
        const std::string name = names.c_str() + at;
        at += name.size() + 1;
        // "system." is the kernel's own view of something else; rsync leaves it alone too.
        if (name.empty() || is_acl_attribute(name) || name.starts_with("system.")) continue;
        const ssize_t length = ::getxattr(path.c_str(), name.c_str(), nullptr, 0);
        if (length < 0) continue;
        std::string value(static_cast<std::size_t>(length), '\0');
        const ssize_t read = ::getxattr(path.c_str(), name.c_str(), value.data(), value.size());
        if (read < 0) continue;
        value.resize(static_cast<std::size_t>(read));
        values.push_back({name, std::move(value)});
    }
    std::sort(values.begin(), values.end(),
              [](const XattrValue& a, const XattrValue& b) { return a.name < b.name; });
    return values;
}

}  // namespace

bool is_absence(int error) noexcept
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

EntryResult read_entry(const Beneath& source, const std::string& path, const struct stat& status,
                       const EntryReading& reading, const Parent& parent)
{
    Entry entry;
    entry.path = path;
    entry.mode = reading.sent_mode ? reading.sent_mode(status.st_mode) : status.st_mode;
    entry.mtime = status.st_mtim.tv_sec;
    entry.mtime_nsec = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    if (entry.is_regular()) {
        entry.inode = status.st_ino;
        entry.ctime_ns = state::nanoseconds(status.st_ctim);
    }
    if (entry.is_regular() || entry.is_directory())
        entry.size = static_cast<std::uint64_t>(status.st_size);
    if (entry.is_device()) {
        entry.rdev_major = major(status.st_rdev);
        entry.rdev_minor = minor(status.st_rdev);
    }
    if (entry.is_symlink()) {
        const int error = source.read_link(path, entry.target.edit());
        if (error != 0) return {std::nullopt, error};
        if (entry.target->empty()) return {std::nullopt, EINVAL};  // no list can say it
        entry.size = entry.target->size();
    }
    if (status.st_nlink > 1 && !entry.is_directory()) {
        entry.link_count = status.st_nlink;
        entry.link_dev = link_device(status.st_dev);
        entry.link_inode = status.st_ino;
    }
    if ((reading.acls && !entry.is_symlink()) || reading.xattrs) {
        const bool by_name = parent.directory != nullptr && !source.follows(path);
        if (by_name && has_no_attributes(parent, path)) return {std::move(entry), 0};
        const Opened object = source.open_path(path);
        // A mount point cannot be opened where the mapping stays on one file system: it goes
        // without.
        if (object.error == EXDEV) return {std::move(entry), 0};
        if (!object.fd) return {std::nullopt, object.error};
        const std::string way = through(object.fd);
        if (reading.acls && !entry.is_symlink()) {
            Acl acl = read_acl(way, ACL_TYPE_ACCESS);
            leave_out_what_the_mode_says(acl, entry.mode);
            entry.acl = std::move(acl);
            if (entry.is_directory()) entry.default_acl = read_acl(way, ACL_TYPE_DEFAULT);
        }
        // A symlink has some too (trusted., security.); the descriptor is the link itself.
        if (reading.xattrs) entry.xattrs = read_xattrs(way);
    }
    return {std::move(entry), 0};
}

}  // namespace lockstep::push
