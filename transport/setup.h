// What is agreed between the arguments and the first frame: flags and digest (PROTOCOL.md 7).
#pragma once

#include "delta/strong_sum.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::transport {

// PROTOCOL.md 7.1.
struct CompatFlags {
    bool inc_recurse = false;
    bool symlink_times = false;
    bool symlink_iconv = false;
    bool safe_flist = false;
    bool avoid_xattr_optim = false;
    bool checksum_seed_fix = false;
    bool inplace_partial_dir = false;
    bool varint = false;
    bool id0_names = false;
    bool operator==(const CompatFlags&) const = default;
};

// Throws Error(protocol, needs_person) for incremental recursion, which we never offer.
CompatFlags compat_from(std::int32_t flags);

// Names separated by a blank, best first, in the order on which all versions agree
// (PROTOCOL.md 7.2).
std::string our_checksum_list();

// The same of compressors (PROTOCOL.md 7.3).
std::string our_compressor_list();

// The first name of `ours` that occurs in `theirs`; "" when none does.
std::string choose_name(std::string_view ours, std::string_view theirs);

// Where the seed of block sums goes (PROTOCOL.md 15.3). `seed_fix`: CHKSUM_SEED_FIX or a negotiated
// digest.
delta::SeedPlace seed_place(delta::Digest digest, bool seed_fix);

}  // namespace lockstep::transport
