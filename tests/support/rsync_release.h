// Which rsync the daemons of the tests are. $LOCKSTEP_TEST_DAEMON, the path of another release's
// rsync, holds every test against that one; else they are the machine's own.
#pragma once

#include <algorithm>
#include <array>
#include <string>

namespace lockstep::testing {

std::string rsync_of_daemons();

struct Release {
    std::array<int, 3> version{};  // 3.2.7
    int protocol = 0;

    // Those before say too little of themselves to be given zstd or lz4.
    bool names_digests() const noexcept { return version >= std::array{3, 2, 7}; }
    // With who would speak `wanted`.
    int protocol_for(int wanted) const noexcept { return std::min(wanted, protocol); }
    // What a destination with `compress: WANTED` gets.
    std::string compressor_for(const std::string& wanted) const;
};

const Release& release_of_daemons();

}  // namespace lockstep::testing
