#include "transport/flist.h"

#include "base/assert.h"
#include "base/error.h"
#include "base/path.h"
#include "transport/acl_wire.h"
#include "transport/hard_links.h"
#include "transport/xattr_wire.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <limits>

namespace lockstep::transport {
namespace {

// PROTOCOL.md 11.2.
constexpr std::uint32_t top_dir = 0x0001;
constexpr std::uint32_t same_mode = 0x0002;
constexpr std::uint32_t same_rdev_before_28 = 0x0004;
constexpr std::uint32_t extended = 0x0004;
constexpr std::uint32_t same_uid = 0x0008;
constexpr std::uint32_t same_gid = 0x0010;
constexpr std::uint32_t same_name = 0x0020;
constexpr std::uint32_t long_name = 0x0040;
constexpr std::uint32_t same_time = 0x0080;
constexpr std::uint32_t same_rdev_major = 0x0100;
constexpr std::uint32_t no_content_dir = 0x0100;
constexpr std::uint32_t hard_linked = 0x0200;
constexpr std::uint32_t same_dev_before_30 = 0x0400;
constexpr std::uint32_t rdev_minor_8_before_30 = 0x0800;
constexpr std::uint32_t hard_link_first = 0x1000;
constexpr std::uint32_t io_error_end = 0x1000;
constexpr std::uint32_t mod_nsec = 0x2000;

constexpr std::size_t path_bytes_max = 4095;
constexpr std::size_t prefix_bytes_max = 255;
constexpr std::size_t old_digest_bytes = 16;

// The entry before, as the receiver remembers it (PROTOCOL.md 11.1).
struct Previous {
    std::string path;
    std::uint32_t mode = 0;
    std::int64_t mtime = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t rdev_major = 0;      // P >= 28
    std::uint32_t rdev = 0;            // P < 28
    std::optional<std::uint64_t> dev;  // P < 30
};

std::size_t common_prefix(std::string_view a, std::string_view b)
{
    const std::size_t limit = std::min({a.size(), b.size(), prefix_bytes_max});
    const auto difference = std::mismatch(a.begin(), a.begin() + limit, b.begin());
    return static_cast<std::size_t>(difference.first - a.begin());
}

}  // namespace

struct FlistEncoder::State {
    explicit State(FlistForm wanted) : form(std::move(wanted)) {}

    FlistForm form;
    Previous previous;
    std::uint32_t entries = 0;
    std::string content_region;  // P < 30: the last content directory; "" is none
    HardLinks links;
    UsedIds users;
    UsedIds groups;
    AclEncoder access_acls;
    AclEncoder default_acls;
    XattrSets xattrs;
    std::vector<std::uint32_t> xattr_set_of;  // by position

    int protocol() const noexcept { return form.protocol; }
    bool says_acls() const noexcept { return form.acls && protocol() >= 30; }
    bool says_xattrs() const noexcept { return form.xattrs && protocol() >= 30; }

    bool says_rdev(const Entry& entry) const noexcept
    {
        return (entry.is_device() && form.devices) ||
               (entry.is_special() && form.specials && protocol() < 31);
    }

    // P < 28 has no flag: every regular file says its inode.
    bool says_inode(const Entry& entry) const noexcept
    {
        if (!form.hard_links || entry.is_directory() || entry.is_delete()) return false;
        if (protocol() < 28) return entry.is_regular();
        return entry.is_linked();
    }

    void put_number(Bytes& out, std::uint32_t value) const
    {
        if (protocol() >= 30)
            put_varint(out, static_cast<std::int32_t>(value));
        else
            put_i32(out, static_cast<std::int32_t>(value));
    }

    std::uint32_t directory_flags(const Entry& entry);
    std::uint32_t rdev_flags(const Entry& entry);
    std::uint32_t attribute_flags(const Entry& entry) const;
    void put_flags(Bytes& out, std::uint32_t flags, bool directory) const;
    void put_rdev(Bytes& out, const Entry& entry, std::uint32_t flags) const;
    void put_inode(Bytes& out, const Entry& entry, std::uint32_t flags);
    void put_attributes(Bytes& out, const Entry& entry, std::uint32_t flags,
                        std::span<const std::byte> digest);
    void put_metadata(Bytes& out, const Entry& entry);
    void note_ids(const Entry& entry);
};

// PROTOCOL.md 11.5. Before protocol 30 there is one flag, which opens a region in which every
// directory counts as content.
std::uint32_t FlistEncoder::State::directory_flags(const Entry& entry)
{
    if (!entry.is_directory()) return 0;
    if (protocol() >= 30) {
        switch (entry.dir_kind) {
            case DirKind::content:
                return 0;
            case DirKind::plain:
                return no_content_dir;
            case DirKind::implied:
                return no_content_dir | top_dir;
        }
    }
    if (entry.dir_kind == DirKind::content) {
        content_region = entry.path;
        return top_dir;
    }
    const bool inside = content_region == "." || is_at_or_below(entry.path, content_region);
    if (!content_region.empty() && inside)
        throw Error(ErrorKind::protocol, Remedy::needs_person,
                    "protocol " + std::to_string(protocol()) + " cannot spare " +
                        quoted(entry.path) + " below " + quoted(content_region) +
                        ", whose other content is to be deleted");
    return 0;
}

std::uint32_t FlistEncoder::State::rdev_flags(const Entry& entry)
{
    if (!says_rdev(entry)) {
        if (protocol() < 28) previous.rdev = 0;
        return 0;
    }
    if (protocol() < 28) {
        // The number of a fifo or a socket means nothing: the old one is as good.
        if (entry.is_special()) return same_rdev_before_28;
        const auto rdev = static_cast<std::uint32_t>(makedev(entry.rdev_major, entry.rdev_minor));
        if (rdev == previous.rdev) return same_rdev_before_28;
        previous.rdev = rdev;
        return 0;
    }
    std::uint32_t flags = 0;
    if (entry.is_special() || entry.rdev_major == previous.rdev_major) flags |= same_rdev_major;
    if (entry.is_device()) previous.rdev_major = entry.rdev_major;
    const bool small_minor = entry.is_special() || entry.rdev_minor <= 0xff;
    if (protocol() < 30 && small_minor) flags |= rdev_minor_8_before_30;
    return flags;
}

std::uint32_t FlistEncoder::State::attribute_flags(const Entry& entry) const
{
    std::uint32_t flags = 0;
    if (entry.mode == previous.mode) flags |= same_mode;
    if (entry.mtime == previous.mtime) flags |= same_time;
    const bool first = entries == 0;
    if (!form.owner || (entry.uid == previous.uid && !first)) flags |= same_uid;
    if (!form.group || (entry.gid == previous.gid && !first)) flags |= same_gid;
    if (protocol() >= 31 && entry.mtime_nsec != 0) flags |= mod_nsec;
    return flags;
}

// No word may be zero: that is the end mark.
void FlistEncoder::State::put_flags(Bytes& out, std::uint32_t flags, bool directory) const
{
    if (form.varint_flags) {
        put_varint(out, static_cast<std::int32_t>(flags != 0 ? flags : extended));
        return;
    }
    if (protocol() >= 28) {
        if (flags == 0 && !directory) flags = top_dir;  // means nothing there
        if ((flags & 0xff00) != 0 || flags == 0)
            put_u16(out, static_cast<std::uint16_t>(flags | extended));
        else
            put_u8(out, static_cast<std::uint8_t>(flags));
        return;
    }
    put_u8(out, static_cast<std::uint8_t>(flags));
}

void FlistEncoder::State::put_rdev(Bytes& out, const Entry& entry, std::uint32_t flags) const
{
    if (!says_rdev(entry)) return;
    if (protocol() < 28) {
        if ((flags & same_rdev_before_28) == 0)
            put_i32(out, static_cast<std::int32_t>(previous.rdev));
        return;
    }
    const std::uint32_t minor_number = entry.is_special() ? 0 : entry.rdev_minor;
    if ((flags & same_rdev_major) == 0) put_number(out, entry.rdev_major);
    if (protocol() < 30 && (flags & rdev_minor_8_before_30) != 0)
        put_u8(out, static_cast<std::uint8_t>(minor_number));
    else
        put_number(out, minor_number);
}

// PROTOCOL.md 20.1. The numbers only have to be consistent; a file without a group of its own
// (protocol 27 asks it too) gets an inode that nobody else has, on a device that does not exist.
void FlistEncoder::State::put_inode(Bytes& out, const Entry& entry, std::uint32_t flags)
{
    if (!says_inode(entry)) return;
    const bool linked = entry.is_linked();
    const std::uint64_t dev =
        linked ? entry.link_dev : std::uint64_t{std::numeric_limits<std::int64_t>::max()} - 1;
    const std::uint64_t inode = linked ? entry.link_inode : std::uint64_t{entries} + 1;
    if ((flags & same_dev_before_30) == 0) put_longint(out, static_cast<std::int64_t>(dev + 1));
    put_longint(out, static_cast<std::int64_t>(inode));
    previous.dev = dev;
}

void FlistEncoder::State::note_ids(const Entry& entry)
{
    if (form.numeric_ids) return;
    if (form.owner) users.add(entry.uid);
    if (form.group) groups.add(entry.gid);
    if (!says_acls() || entry.is_symlink()) return;
    for (const Acl* acl : {&*entry.acl, &*entry.default_acl})
        for (const AclEntry& named : acl->named) (named.user ? users : groups).add(named.id);
}

// Everything between the name and the ACLs (PROTOCOL.md 11.3).
void FlistEncoder::State::put_attributes(Bytes& out, const Entry& entry, std::uint32_t flags,
                                         std::span<const std::byte> digest)
{
    std::uint64_t size = entry.is_symlink() ? entry.target->size() : entry.size;
    if (entry.is_device() || entry.is_special() || entry.is_delete()) size = 0;
    if (protocol() >= 30) {
        put_varlong(out, static_cast<std::int64_t>(size), 3);
        if ((flags & same_time) == 0) put_varlong(out, entry.mtime, 4);
    } else {
        put_longint(out, static_cast<std::int64_t>(size));
        if ((flags & same_time) == 0) put_i32(out, static_cast<std::int32_t>(entry.mtime));
    }
    if ((flags & mod_nsec) != 0) put_varint(out, static_cast<std::int32_t>(entry.mtime_nsec));
    if ((flags & same_mode) == 0) put_i32(out, static_cast<std::int32_t>(entry.mode));
    if ((flags & same_uid) == 0) put_number(out, entry.uid);
    if ((flags & same_gid) == 0) put_number(out, entry.gid);
    put_rdev(out, entry, flags);
    if (entry.is_symlink() && form.links) {
        put_number(out, static_cast<std::uint32_t>(entry.target->size()));
        put_bytes(out, *entry.target);
    }
    if (protocol() < 30) put_inode(out, entry, flags);
    if (form.checksum_bytes == 0) return;
    if (entry.is_regular()) {
        LOCKSTEP_ASSERT(digest.size() == form.checksum_bytes, "a list digest of the wrong length");
        put_bytes(out, digest);
    } else if (protocol() < 28) {
        out.resize(out.size() + old_digest_bytes);
    }
}

void FlistEncoder::State::put_metadata(Bytes& out, const Entry& entry)
{
    if (says_acls() && !entry.is_symlink()) {
        access_acls.put(out, *entry.acl);
        if (entry.is_directory()) default_acls.put(out, *entry.default_acl);
    }
    if (says_xattrs()) xattr_set_of.push_back(xattrs.put(out, *entry.xattrs));
}

FlistEncoder::FlistEncoder(FlistForm form) : state_(std::make_unique<State>(std::move(form))) {}

FlistEncoder::~FlistEncoder() = default;

void FlistEncoder::add(const Entry& entry, Bytes& out, std::span<const std::byte> digest)
{
    State& state = *state_;
    Previous& previous = state.previous;
    if (entry.path.empty() || entry.path.size() > path_bytes_max)
        throw Error(ErrorKind::local, Remedy::skip_path,
                    "a path of " + std::to_string(entry.path.size()) +
                        " bytes cannot be sent, expected 1.." + std::to_string(path_bytes_max) +
                        ": " + quoted(entry.path.substr(0, 100)));

    std::uint32_t flags = state.directory_flags(entry) | state.attribute_flags(entry);
    const LinkLeader* leader = nullptr;
    if (state.says_inode(entry) && state.protocol() >= 30) {
        const LinkLeader self{state.entries, entry.mode, entry.mtime, entry.uid, entry.gid};
        leader = state.links.find_or_lead(entry.link_dev, entry.link_inode, self);
        flags |= leader != nullptr ? hard_linked : hard_linked | hard_link_first;
    } else if (state.says_inode(entry) && state.protocol() >= 28) {
        flags |= hard_linked;
        if (previous.dev == entry.link_dev) flags |= same_dev_before_30;
    }
    // A follower's attributes are not said: the receiver copies the leader's, device number
    // excepted.
    if (leader != nullptr)
        flags &= ~mod_nsec;
    else
        flags |= state.rdev_flags(entry);

    const std::size_t prefix = common_prefix(entry.path, previous.path);
    const std::string_view suffix = std::string_view(entry.path).substr(prefix);
    if (prefix > 0) flags |= same_name;
    if (suffix.size() > 0xff) flags |= long_name;
    if (state.protocol() < 28 && (flags & 0xff) == 0)
        flags |= entry.is_directory() ? long_name : top_dir;

    state.put_flags(out, flags, entry.is_directory());
    if (prefix > 0) put_u8(out, static_cast<std::uint8_t>(prefix));
    if ((flags & long_name) != 0)
        state.put_number(out, static_cast<std::uint32_t>(suffix.size()));
    else
        put_u8(out, static_cast<std::uint8_t>(suffix.size()));
    put_bytes(out, suffix);

    if (leader != nullptr)
        put_varint(out, static_cast<std::int32_t>(leader->position));
    else
        state.put_attributes(out, entry, flags, digest);
    state.put_metadata(out, entry);

    state.note_ids(entry);
    previous.path = entry.path;
    previous.mode = leader != nullptr ? leader->mode : entry.mode;
    previous.mtime = leader != nullptr ? leader->mtime : entry.mtime;
    previous.uid = leader != nullptr ? leader->uid : entry.uid;
    previous.gid = leader != nullptr ? leader->gid : entry.gid;
    ++state.entries;
}

void FlistEncoder::end(int io_error, Bytes& out)
{
    State& state = *state_;
    const FlistForm& form = state.form;
    // PROTOCOL.md 11.7. In protocol 30 without the safe end an IO_ERROR message says it.
    if (form.varint_flags) {
        put_varint(out, 0);
        put_varint(out, io_error);
    } else if (io_error != 0 && form.safe_end) {
        put_u16(out, static_cast<std::uint16_t>(io_error_end | extended));
        put_varint(out, io_error);
    } else {
        put_u8(out, 0);
    }
    if (!form.numeric_ids) {
        if (form.owner || state.says_acls())
            state.users.put(out, form.names.user, form.protocol, form.id0_names);
        if (form.group || state.says_acls())
            state.groups.put(out, form.names.group, form.protocol, form.id0_names);
    }
    if (form.protocol < 30) put_i32(out, io_error);
}

const std::string* FlistEncoder::xattr_value(std::uint32_t entry_position,
                                             std::int32_t number) const
{
    const std::vector<std::uint32_t>& sets = state_->xattr_set_of;
    if (entry_position >= sets.size()) return nullptr;
    return state_->xattrs.value(sets[entry_position], number);
}

}  // namespace lockstep::transport
