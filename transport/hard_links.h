// Who was the first of a group of hard links, for those that refer to it (PROTOCOL.md 20.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace lockstep::transport {

// What the receiver copies into the entries that refer to it, and into its running values too.
struct LinkLeader {
    std::uint32_t position = 0;  // in sending order
    std::uint32_t mode = 0;
    std::int64_t mtime = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    bool operator==(const LinkLeader&) const = default;
};

class HardLinks {
public:
    // The leader of the group that this inode stands for; null when `candidate` has just become it.
    const LinkLeader* find_or_lead(std::uint64_t dev, std::uint64_t inode,
                                   const LinkLeader& candidate)
    {
        const auto [at, is_first] = leaders_.try_emplace(Inode{dev, inode}, candidate);
        return is_first ? nullptr : &at->second;
    }

private:
    struct Inode {
        std::uint64_t dev;
        std::uint64_t inode;
        bool operator==(const Inode&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Inode& of) const noexcept
        {
            return std::hash<std::uint64_t>()(of.inode * 0x9e37'79b9'7f4a'7c15ULL ^ of.dev);
        }
    };
    std::unordered_map<Inode, LinkLeader, Hash> leaders_;
};

}  // namespace lockstep::transport
