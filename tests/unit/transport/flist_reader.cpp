#include "flist_reader.h"

#include <sys/sysmacros.h>

#include <stdexcept>

namespace lockstep::transport::test {
namespace {

class Reader {
public:
    Reader(std::span<const std::byte> raw, const FlistForm& form) : in_(raw), form_(form) {}

    ReadList read()
    {
        for (;;) {
            const std::optional<std::uint32_t> flags = read_flags();
            if (!flags) break;
            read_entry(*flags);
        }
        if (!form_.numeric_ids) {
            const bool acls = form_.acls && form_.protocol >= 30;
            if (form_.owner || acls) list_.users = read_names();
            if (form_.group || acls) list_.groups = read_names();
        }
        if (form_.protocol < 30) list_.io_error |= i32();
        list_.bytes = in_.consumed();
        return std::move(list_);
    }

private:
    template <typename T>
    static T must(std::optional<T> value)
    {
        if (!value) throw std::runtime_error("the list ends in the middle");
        return *value;
    }
    std::uint8_t u8() { return must(in_.u8()); }
    std::int32_t i32() { return must(in_.i32()); }
    std::int32_t varint() { return must(in_.varint()); }
    std::int32_t varint30() { return form_.protocol >= 30 ? varint() : i32(); }
    std::string text(std::size_t length)
    {
        const auto raw = must(in_.take(length));
        return {reinterpret_cast<const char*>(raw.data()), raw.size()};
    }
    std::int64_t longint()
    {
        const std::int32_t low = i32();
        if (low != -1) return low;
        const auto lower = static_cast<std::uint32_t>(i32());
        return static_cast<std::int64_t>(i32()) << 32 | lower;
    }
    std::int64_t varlong30(int bytes)
    {
        return form_.protocol >= 30 ? must(in_.varlong(bytes)) : longint();
    }

    std::optional<std::uint32_t> read_flags()
    {
        if (form_.varint_flags) {
            const auto flags = static_cast<std::uint32_t>(varint());
            if (flags != 0) return flags;
            list_.io_error = varint();
            return std::nullopt;
        }
        std::uint32_t flags = u8();
        if (flags == 0) return std::nullopt;
        if (form_.protocol >= 28 && (flags & 0x04) != 0) flags |= std::uint32_t{u8()} << 8;
        if (flags == 0x1004 && form_.safe_end) {
            list_.io_error = varint();
            return std::nullopt;
        }
        return flags;
    }

    void read_entry(std::uint32_t flags)
    {
        const int p = form_.protocol;
        Entry entry;
        const std::size_t prefix = (flags & 0x20) != 0 ? u8() : 0;
        const auto length = static_cast<std::size_t>((flags & 0x40) != 0 ? varint30() : u8());
        name_ = name_.substr(0, prefix) + text(length);
        entry.path = name_;

        const bool follower = p >= 30 && (flags & 0x200) != 0 && (flags & 0x1000) == 0;
        std::string digest;
        if (follower) {
            const auto first = static_cast<std::size_t>(varint());
            if (first >= list_.entries.size()) throw std::runtime_error("link to nowhere");
            const std::string path = entry.path;
            entry = list_.entries[first];
            entry.path = path;
            entry.link_dev = 1;
            entry.link_inode = first;
            digest = list_.digests[first];
            mode_ = entry.mode;
            mtime_ = entry.mtime;
            uid_ = entry.uid;
            gid_ = entry.gid;
        } else {
            read_attributes(flags, entry, digest);
        }
        if (form_.acls && p >= 30 && !entry.is_symlink()) {
            entry.acl = read_acl(access_);
            if (entry.is_directory()) entry.default_acl = read_acl(default_);
        }
        if (form_.xattrs && p >= 30) read_xattrs(entry);
        list_.entries.push_back(entry);
        list_.digests.push_back(digest);
    }

    void read_attributes(std::uint32_t flags, Entry& entry, std::string& digest)
    {
        const int p = form_.protocol;
        entry.size = static_cast<std::uint64_t>(varlong30(3));
        if ((flags & 0x80) == 0)
            mtime_ = p >= 30 ? must(in_.varlong(4)) : static_cast<std::uint32_t>(i32());
        entry.mtime = mtime_;
        if (p >= 31 && (flags & 0x2000) != 0)
            entry.mtime_nsec = static_cast<std::uint32_t>(varint());
        if ((flags & 0x02) == 0) mode_ = static_cast<std::uint32_t>(i32());
        entry.mode = mode_;
        if (form_.owner && (flags & 0x08) == 0) uid_ = static_cast<std::uint32_t>(varint30());
        if (form_.group && (flags & 0x10) == 0) gid_ = static_cast<std::uint32_t>(varint30());
        entry.uid = uid_;
        entry.gid = gid_;
        read_rdev(flags, entry);
        if (entry.is_symlink() && form_.links)
            entry.target = text(static_cast<std::size_t>(varint30()));
        if (entry.is_directory()) entry.dir_kind = kind(flags);
        const bool inode = p < 28 ? form_.hard_links && entry.is_regular() : (flags & 0x200) != 0;
        if (p < 30 && inode) {
            if (p < 28 || (flags & 0x400) == 0) dev_ = static_cast<std::uint64_t>(longint()) - 1;
            entry.link_dev = dev_;
            entry.link_inode = static_cast<std::uint64_t>(longint());
        } else if (inode) {
            entry.link_dev = 1;
            entry.link_inode = list_.entries.size();
        }
        if (form_.checksum_bytes == 0) return;
        if (entry.is_regular())
            digest = text(form_.checksum_bytes);
        else if (p < 28 && text(16) != std::string(16, '\0'))
            throw std::runtime_error("not sixteen zeros");
    }

    DirKind kind(std::uint32_t flags) const
    {
        if (form_.protocol < 30) return (flags & 1) != 0 ? DirKind::content : DirKind::plain;
        if ((flags & 0x100) == 0) return DirKind::content;
        return (flags & 1) != 0 ? DirKind::implied : DirKind::plain;
    }

    void read_rdev(std::uint32_t flags, Entry& entry)
    {
        const int p = form_.protocol;
        const bool device = entry.is_device() && form_.devices;
        const bool special = entry.is_special() && form_.specials && p < 31;
        if (!device && !special) {
            if (p < 28) rdev_ = 0;
            return;
        }
        if (p < 28) {
            if ((flags & 0x04) == 0) rdev_ = static_cast<std::uint32_t>(i32());
            if (!device) return;
            entry.rdev_major = major(rdev_);
            entry.rdev_minor = minor(rdev_);
            return;
        }
        if ((flags & 0x100) == 0) major_ = static_cast<std::uint32_t>(varint30());
        std::uint32_t low = 0;
        if (p >= 30)
            low = static_cast<std::uint32_t>(varint());
        else
            low = (flags & 0x800) != 0 ? u8() : static_cast<std::uint32_t>(i32());
        if (!device) return;
        entry.rdev_major = major_;
        entry.rdev_minor = low;
    }

    Acl read_acl(std::vector<Acl>& seen)
    {
        const std::int32_t k = varint();
        if (k > 0) return seen.at(static_cast<std::size_t>(k) - 1);
        Acl acl;
        const std::uint8_t flags = u8();
        if ((flags & 1) != 0) acl.user_obj = static_cast<std::uint8_t>(varint());
        if ((flags & 2) != 0) acl.group_obj = static_cast<std::uint8_t>(varint());
        if ((flags & 4) != 0) acl.mask = static_cast<std::uint8_t>(varint());
        if ((flags & 8) != 0) acl.other = static_cast<std::uint8_t>(varint());
        if ((flags & 16) != 0) {
            for (std::int32_t left = varint(); left > 0; --left) {
                AclEntry named;
                named.id = static_cast<std::uint32_t>(varint());
                const std::int32_t access = varint();
                if ((access & 1) != 0) throw std::runtime_error("a name in an ACL");
                named.permissions = static_cast<std::uint8_t>(access >> 2);
                named.user = (access & 2) != 0;
                acl.named.push_back(named);
            }
        }
        seen.push_back(acl);
        return acl;
    }

    void read_xattrs(Entry& entry)
    {
        const std::int32_t k = varint();
        if (k > 0) {
            entry.xattrs = sets_.at(static_cast<std::size_t>(k) - 1);
            list_.xattr_sets.push_back(static_cast<std::uint32_t>(k) - 1);
            return;
        }
        std::vector<XattrValue> set;
        for (std::int32_t left = varint(); left > 0; --left) {
            const auto name_bytes = static_cast<std::size_t>(varint());
            const auto value_bytes = static_cast<std::size_t>(varint());
            XattrValue attribute;
            attribute.name = text(name_bytes);
            if (attribute.name.empty() || attribute.name.back() != '\0')
                throw std::runtime_error("a name without its NUL");
            attribute.name.pop_back();
            attribute.value = text(value_bytes <= 32 ? value_bytes : 16);
            set.push_back(attribute);
        }
        list_.xattr_sets.push_back(static_cast<std::uint32_t>(sets_.size()));
        sets_.push_back(set);
        entry.xattrs = set;
    }

    std::map<std::uint32_t, std::string> read_names()
    {
        std::map<std::uint32_t, std::string> names;
        for (;;) {
            const auto id = static_cast<std::uint32_t>(varint30());
            if (id == 0) break;
            names[id] = text(u8());
        }
        if (form_.id0_names) names[0] = text(u8());
        return names;
    }

    Cursor in_;
    const FlistForm& form_;
    ReadList list_;
    std::string name_;
    std::uint32_t mode_ = 0;
    std::int64_t mtime_ = 0;
    std::uint32_t uid_ = 0;
    std::uint32_t gid_ = 0;
    std::uint32_t major_ = 0;
    std::uint32_t rdev_ = 0;
    std::uint64_t dev_ = 0;
    std::vector<Acl> access_;
    std::vector<Acl> default_;
    std::vector<std::vector<XattrValue>> sets_;
};

}  // namespace

ReadList read_flist(std::span<const std::byte> raw, const FlistForm& form)
{
    return Reader(raw, form).read();
}

}  // namespace lockstep::transport::test
