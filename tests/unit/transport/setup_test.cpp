#include "transport/setup.h"

#include "base/error.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::transport;

TEST_CASE("the flags of real daemons are read bit by bit", "[transport][setup]")
{
    CompatFlags v3_0;  // 3.0.9 answers 0x0e
    v3_0.symlink_times = v3_0.symlink_iconv = v3_0.safe_flist = true;
    CHECK(compat_from(0x0e) == v3_0);

    CompatFlags v3_1 = v3_0;  // 3.1.3 answers 0x3e
    v3_1.avoid_xattr_optim = v3_1.checksum_seed_fix = true;
    CHECK(compat_from(0x3e) == v3_1);

    CompatFlags v3_5 = v3_1;  // 3.2.7 .. 3.5.0 answer 0x1fe
    v3_5.inplace_partial_dir = v3_5.varint = v3_5.id0_names = true;
    CHECK(compat_from(0x1fe) == v3_5);
}

TEST_CASE("incremental recursion that was not offered ends the session", "[transport][setup]")
{
    CHECK_THROWS_AS(compat_from(0x1ff), Error);
}

TEST_CASE("the first name of ours that the daemon knows is taken", "[transport][setup]")
{
    CHECK(choose_name(our_checksum_list(), "xxh128 xxh3 xxh64 md5 md4 sha1 none") == "xxh128");
    CHECK(choose_name(our_checksum_list(), "none md4 md5 xxh64") == "xxh64");
    CHECK(choose_name(our_checksum_list(), "sha1 md5") == "md5");
    CHECK(choose_name(our_checksum_list(), "md4 none").empty());
    CHECK(choose_name(our_checksum_list(), "").empty());
    CHECK(choose_name("xxh3", "xxh3x xxh  xxh3").size() == 4);
}

TEST_CASE("every checksum we offer can be computed", "[transport][setup]")
{
    const std::string list = our_checksum_list();
    std::string_view names = list;
    while (!names.empty()) {
        const std::size_t end = std::min(names.find(' '), names.size());
        CHECK(delta::digest_from_name(names.substr(0, end)).has_value());
        names.remove_prefix(std::min(end + 1, names.size()));
    }
}

TEST_CASE("a block sum's seed stands where the digest's age wants it", "[transport][setup]")
{
    using delta::Digest;
    using delta::SeedPlace;
    CHECK(seed_place(Digest::xxh128, true) == SeedPlace::hash_seed);
    CHECK(seed_place(Digest::xxh3, false) == SeedPlace::hash_seed);
    CHECK(seed_place(Digest::xxh64, true) == SeedPlace::hash_seed);
    CHECK(seed_place(Digest::md5, true) == SeedPlace::before);
    CHECK(seed_place(Digest::md5, false) == SeedPlace::after);
    CHECK(seed_place(Digest::md4, true) == SeedPlace::after);
    CHECK(seed_place(Digest::sha1, true) == SeedPlace::before);
}
