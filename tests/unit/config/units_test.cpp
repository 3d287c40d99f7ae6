#include "config/units.h"

#include <catch2/catch.hpp>

#include <random>

namespace lockstep::config {

using std::chrono::milliseconds;

TEST_CASE("durations are a whole number and a unit", "[config][units]")
{
    CHECK(parse_duration("250ms") == milliseconds(250));
    CHECK(parse_duration("5s") == milliseconds(5'000));
    CHECK(parse_duration("10m") == milliseconds(600'000));
    CHECK(parse_duration("2h") == milliseconds(7'200'000));
    CHECK(parse_duration("1d") == milliseconds(86'400'000));
    CHECK(parse_duration("0") == milliseconds(0));
    for (const char* wrong : {"", "5", "s", "-5s", "+5s", " 5s", "5 s", "5S", "1.5s", "5sec",
                              "1h30m", "0x5s", "5s ", "ms"}) {
        INFO(wrong);
        CHECK_FALSE(parse_duration(wrong));
    }
}

TEST_CASE("a duration that does not fit is none", "[config][units]")
{
    CHECK(parse_duration("9223372036854775807ms") == milliseconds::max());
    CHECK_FALSE(parse_duration("9223372036854775808ms"));
    CHECK(parse_duration("106751991167d"));
    CHECK_FALSE(parse_duration("106751991168d"));
    CHECK_FALSE(parse_duration("99999999999999999999s"));
}

TEST_CASE("a formatted duration is the largest whole unit and reads back", "[config][units]")
{
    CHECK(format_duration(milliseconds(0)) == "0s");
    CHECK(format_duration(milliseconds(1'500)) == "1500ms");
    CHECK(format_duration(milliseconds(90'000)) == "90s");
    CHECK(format_duration(milliseconds(86'400'000)) == "1d");
    std::mt19937_64 random(Catch::rngSeed());
    for (int i = 0; i < 1'000; ++i) {
        const milliseconds duration(
            static_cast<milliseconds::rep>(random() >> (1 + random() % 63)));
        INFO(duration.count());
        REQUIRE(parse_duration(format_duration(duration)) == duration);
    }
}

TEST_CASE("sizes know powers of 1024 and of 1000 apart", "[config][units]")
{
    CHECK(parse_size("0") == 0u);
    CHECK(parse_size("123") == 123u);
    CHECK(parse_size("7B") == 7u);
    CHECK(parse_size("64KiB") == 65'536u);
    CHECK(parse_size("10MiB") == 10'485'760u);
    CHECK(parse_size("1GiB") == 1'073'741'824u);
    CHECK(parse_size("3KB") == 3'000u);
    CHECK(parse_size("3MB") == 3'000'000u);
    CHECK(parse_size("3GB") == 3'000'000'000u);
    for (const char* wrong : {"", "KiB", "10 MiB", "10mib", "10M", "-1", "1.5MiB", "10MiBs"}) {
        INFO(wrong);
        CHECK_FALSE(parse_size(wrong));
    }
}

TEST_CASE("a size that does not fit is none", "[config][units]")
{
    CHECK(parse_size("18446744073709551615") == 0xffff'ffff'ffff'ffff);
    CHECK_FALSE(parse_size("18446744073709551616"));
    CHECK(parse_size("17179869183GiB"));
    CHECK_FALSE(parse_size("17179869184GiB"));
}

}  // namespace lockstep::config
