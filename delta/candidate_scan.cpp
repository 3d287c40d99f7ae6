#include "delta/candidate_scan.h"

#include "delta/rolling_sum_bulk.h"

namespace lockstep::delta {

Candidate candidate_scan_portable(const BlockTable& table, RollingSum& sum,
                                  const std::byte* leaving, std::size_t positions)
{
    const std::byte* const entering = leaving + sum.window_bytes();
    RollingSum sliding =
        sum;  // a copy of our own: nobody else can see it, so it stays in registers
    Candidate candidate;
    for (std::size_t i = 0; i < positions && !candidate.found; ++i) {
        sliding.slide(leaving[i], entering[i]);
        candidate.found = table.may_hold(sliding.value()) && table.holds(sliding.value());
        if (!candidate.found) ++candidate.passed;
    }
    sum = sliding;
    return candidate;
}

CandidateScan fastest_candidate_scan() noexcept
{
    return has_avx2() ? candidate_scan_avx2 : candidate_scan_portable;
}

}  // namespace lockstep::delta
