#include "agent/status/utf8.h"

#include <catch2/catch.hpp>

namespace lockstep::status {

TEST_CASE("the first and last sequence of each length are UTF-8", "[status][utf8]")
{
    const std::string text = GENERATE(as<std::string>{}, "", "\x7f", "\xc2\x80", "\xdf\xbf",
                                      "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                      "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf");
    CHECK(is_utf8(text));
    CHECK(as_utf8(text) == text);
}

TEST_CASE("overlong, surrogate, cut and stray bytes are no UTF-8", "[status][utf8]")
{
    const std::string text =
        GENERATE(as<std::string>{}, "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                 "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2",
                 "\xe1\x80", "\xf1\x80\x80", "\xc2\x41", "\xe1\x80\x41", "a\xfe");
    CHECK_FALSE(is_utf8(text));
    CHECK(is_utf8(as_utf8(text)));
}

TEST_CASE("what is no UTF-8 is escaped as paths are", "[status][utf8]")
{
    CHECK(as_utf8("a\xff") == "a\\xff");
}

}  // namespace lockstep::status
