#include "delta/rolling_sum.h"

#include "bytes.h"
#include "delta/rolling_sum_bulk.h"

#include <catch2/catch.hpp>

#include <random>

using namespace lockstep::delta;
using namespace lockstep::delta::test;

namespace {

std::uint32_t value(SumHalves sum)
{
    return (sum.s1 & 0xffff) | sum.s2 << 16;
}

// PROTOCOL.md 15.2 word for word.
std::uint32_t by_definition(std::span<const std::byte> window)
{
    std::int64_t s1 = 0;
    std::int64_t s2 = 0;
    for (std::size_t i = 0; i < window.size(); ++i) {
        const auto x = static_cast<std::int8_t>(window[i]);
        s1 += x;
        s2 += static_cast<std::int64_t>(window.size() - i) * x;
    }
    return (static_cast<std::uint32_t>(s1) & 0xffff) | static_cast<std::uint32_t>(s2) << 16;
}

}  // namespace

TEST_CASE("hello sums to the value a stock daemon computes", "[delta][rolling_sum]")
{
    const Bytes hello = bytes_of("hello");
    CHECK(RollingSum(hello).value() == 0x0627'0214);
}

TEST_CASE("an empty window sums to zero", "[delta][rolling_sum]")
{
    CHECK(RollingSum().value() == 0);
    CHECK(RollingSum(std::span<const std::byte>()).value() == 0);
}

TEST_CASE("a sum slid along a file equals the sum computed afresh", "[delta][rolling_sum]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 4096);
    const std::span<const std::byte> all(file);
    const std::size_t n =
        GENERATE(std::size_t{1}, std::size_t{31}, std::size_t{700}, std::size_t{4095});

    RollingSum slid(all.first(n));
    for (std::size_t i = 0; i + n < file.size(); ++i) {
        slid.slide(all[i], all[i + n]);
        INFO("window of " << n << " at offset " << i + 1);
        REQUIRE(slid.value() == RollingSum(all.subspan(i + 1, n)).value());
    }
}

TEST_CASE("every speed of the bulk sum keeps to the definition", "[delta][rolling_sum]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 200'000);
    const std::span<const std::byte> all(file);

    std::vector<std::size_t> sizes = {700, 4096, 131'071, 131'072, 199'000};
    for (std::size_t size = 0; size <= 130; ++size) sizes.push_back(size);
    for (const std::size_t size : sizes) {
        const auto window = all.subspan(random() % 999, size);
        INFO("window of " << size);
        REQUIRE(value(bulk_sum_portable(window)) == by_definition(window));
        REQUIRE(RollingSum(window).value() == by_definition(window));
        if (has_avx2()) REQUIRE(value(bulk_sum_avx2(window)) == by_definition(window));
    }
}

TEST_CASE("the extreme bytes do not saturate a bulk sum", "[delta][rolling_sum]")
{
    const auto extreme = GENERATE(std::byte{0x80}, std::byte{0x7f}, std::byte{0xff});
    const Bytes window(131'072 + 17, extreme);

    CHECK(value(bulk_sum_portable(window)) == by_definition(window));
    if (has_avx2()) CHECK(value(bulk_sum_avx2(window)) == by_definition(window));
}
