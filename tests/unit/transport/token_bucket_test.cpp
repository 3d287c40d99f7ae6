#include "transport/token_bucket.h"

#include <catch2/catch.hpp>

#include <cmath>

namespace lockstep::transport {
namespace {

using namespace std::chrono_literals;
using TimePoint = TokenBucket::TimePoint;

constexpr TimePoint start = TimePoint{} + 1h;

}  // namespace

TEST_CASE("over any stretch of time no more goes than the rate and the burst", "[transport][limit]")
{
    const std::uint64_t rate = GENERATE(1024U, 300'000U, 10'000'000U, 3'000'000'000U);
    const std::uint64_t piece = GENERATE(1U, 700U, 65'536U);
    TokenBucket bucket(rate, 50ms);
    TimePoint now = start;
    std::uint64_t gone = 0;

    for (int i = 0; i < 2000; ++i) {
        now += bucket.take(piece, now);  // it goes now
        gone += piece;
    }

    const double seconds = std::chrono::duration<double>(now - start).count();
    const double allowed =
        static_cast<double>(rate) * (seconds + 0.05) + static_cast<double>(piece);
    INFO(gone << " bytes in " << seconds << " s");
    CHECK(static_cast<double>(gone) <= allowed * 1.0001);
    if (seconds > 2) CHECK(static_cast<double>(gone) >= static_cast<double>(rate) * seconds * 0.95);
}

TEST_CASE("what is seldom and small goes at once, and a pause is not saved up",
          "[transport][limit]")
{
    TokenBucket bucket(100'000, 50ms);
    CHECK(bucket.take(4000, start) == 0s);
    CHECK(bucket.take(4000, start + 1s) == 0s);

    INFO("an hour later only the burst has gathered");
    const TimePoint later = start + 1h;
    CHECK(bucket.take(5000, later) == 0s);
    CHECK(bucket.take(100'000, later) == 0s);  // it waits when it has gone
    CHECK(bucket.take(1, later) == 1s);
}

TEST_CASE("those who share a limit have it together", "[transport][limit]")
{
    TokenBucket bucket(10'000, 50ms);
    TimePoint one = start;
    TimePoint other = start;
    for (int i = 0; i < 50; ++i) {
        TimePoint& next = one <= other ? one : other;
        next += bucket.take(1000, next);
    }
    const double seconds = std::chrono::duration<double>(std::max(one, other) - start).count();
    CHECK(seconds > 4.8);
    CHECK(seconds < 5.05);
}

TEST_CASE("a piece takes no longer than a twentieth of a second, where that is anything",
          "[transport][limit]")
{
    CHECK(TokenBucket(1024).piece_bytes() == 256);
    CHECK(TokenBucket(1'000'000).piece_bytes() == 50'000);
    CHECK(TokenBucket(1'000'000'000).piece_bytes() == 64 * 1024);
}

}  // namespace lockstep::transport
