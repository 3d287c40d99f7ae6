// Slides a weak sum along a file to the next position where a block of the basis may begin.
#pragma once

#include "delta/block_table.h"
#include "delta/rolling_sum.h"

#include <cstddef>

namespace lockstep::delta {

struct Candidate {
    std::size_t passed = 0;  // positions at which no block can begin
    bool found = false;      // then the table holds the sum of the position after those
    bool operator==(const Candidate&) const = default;
};

// `sum` is that of the window at `leaving`, the byte before the first of `positions` positions;
// bytes up to leaving + positions + window are there to be read. Afterwards `sum` is that of the
// position found, or of the last one. What is done to a byte of a file that is all new is done
// here.
using CandidateScan = Candidate (*)(const BlockTable& table, RollingSum& sum,
                                    const std::byte* leaving, std::size_t positions);

// One meaning, two speeds; as with the bulk sums, the AVX2 twin wants has_avx2().
Candidate candidate_scan_portable(const BlockTable& table, RollingSum& sum,
                                  const std::byte* leaving, std::size_t positions);
Candidate candidate_scan_avx2(const BlockTable& table, RollingSum& sum, const std::byte* leaving,
                              std::size_t positions);

CandidateScan fastest_candidate_scan() noexcept;

}  // namespace lockstep::delta
