#include "transport/setup.h"

#include "base/error.h"

#include <algorithm>
#include <vector>

namespace lockstep::transport {
namespace {

std::vector<std::string_view> words(std::string_view text)
{
    std::vector<std::string_view> found;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) found.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
}

}  // namespace

CompatFlags compat_from(std::int32_t flags)
{
    const auto bit = [flags](std::uint32_t mask) {
        return (static_cast<std::uint32_t>(flags) & mask) != 0;
    };
    if (bit(0x01))
        throw Error(ErrorKind::protocol, Remedy::needs_person,
                    "setup: the daemon insists on incremental recursion, which was not offered");
    CompatFlags compat;
    compat.symlink_times = bit(0x02);
    compat.symlink_iconv = bit(0x04);
    compat.safe_flist = bit(0x08);
    compat.avoid_xattr_optim = bit(0x10);
    compat.checksum_seed_fix = bit(0x20);
    compat.inplace_partial_dir = bit(0x40);
    compat.varint = bit(0x80);
    compat.id0_names = bit(0x100);
    return compat;
}

std::string our_checksum_list()
{
    // Without md4: builds differ in where its seed goes (PROTOCOL.md 15.3).
    return "xxh128 xxh3 xxh64 md5 sha1";
}

std::string our_compressor_list()
{
    return "zstd lz4 zlibx zlib none";
}

std::string choose_name(std::string_view ours, std::string_view theirs)
{
    const std::vector<std::string_view> offered = words(theirs);
    for (const std::string_view name : words(ours))
        if (std::find(offered.begin(), offered.end(), name) != offered.end())
            return std::string(name);
    return {};
}

delta::SeedPlace seed_place(delta::Digest digest, bool seed_fix)
{
    switch (digest) {
        case delta::Digest::xxh64:
        case delta::Digest::xxh3:
        case delta::Digest::xxh128:
            return delta::SeedPlace::hash_seed;
        case delta::Digest::md4:
            return delta::SeedPlace::after;
        case delta::Digest::md5:
            return seed_fix ? delta::SeedPlace::before : delta::SeedPlace::after;
        case delta::Digest::sha1:
        case delta::Digest::none:
            break;
    }
    return delta::SeedPlace::before;
}

}  // namespace lockstep::transport
