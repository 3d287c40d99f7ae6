// The kernel's bytes, whole, cut and hostile.
#include "watcher/inotify.h"

#include <catch2/catch.hpp>

#include <sys/inotify.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace lockstep::watcher;

using Bytes = std::vector<std::byte>;

// As the kernel writes it: the name padded with NULs to a multiple of the header's size.
void append(Bytes& bytes, int wd, std::uint32_t mask, std::uint32_t cookie, const std::string& name)
{
    inotify_event head{};
    head.wd = wd;
    head.mask = mask;
    head.cookie = cookie;
    head.len = name.empty() ? 0 : static_cast<std::uint32_t>((name.size() / 16 + 1) * 16);
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof head + head.len);
    std::memcpy(bytes.data() + at, &head, sizeof head);
    std::memcpy(bytes.data() + at + sizeof head, name.data(), name.size());
}

Bytes three_events()
{
    Bytes bytes;
    append(bytes, 1, IN_CREATE | IN_ISDIR, 0, "directory");
    append(bytes, 2, IN_DELETE_SELF, 0, "");
    append(bytes, 3, IN_MOVED_TO, 77, std::string(255, 'n'));
    return bytes;
}

TEST_CASE("events are decoded in order with all they carry", "[watcher][decode]")
{
    const Bytes bytes = three_events();
    const std::string longest(255, 'n');

    std::vector<Event> events;
    CHECK(decode_events(bytes, events) == bytes.size());

    CHECK(events ==
          std::vector<Event>{
              {.wd = 1, .kind = EventKind::create, .directory = true, .name = "directory"},
              {.wd = 2, .kind = EventKind::delete_self},
              {.wd = 3, .kind = EventKind::moved_to, .cookie = 77, .name = longest}});
}

TEST_CASE("an overflow belongs to no watch", "[watcher][decode]")
{
    Bytes bytes;
    append(bytes, -1, IN_Q_OVERFLOW, 0, "");

    std::vector<Event> events;
    decode_events(bytes, events);

    CHECK(events == std::vector<Event>{{.wd = -1, .kind = EventKind::overflow}});
}

TEST_CASE("kinds that were never asked for are left out", "[watcher][decode]")
{
    Bytes bytes;
    append(bytes, 1, IN_OPEN, 0, "f");
    append(bytes, 1, IN_CLOSE_NOWRITE, 0, "f");

    std::vector<Event> events;
    CHECK(decode_events(bytes, events) == bytes.size());
    CHECK(events.empty());
}

TEST_CASE("a buffer cut anywhere gives its whole events and says where they end",
          "[watcher][decode]")
{
    const Bytes bytes = three_events();
    std::vector<Event> all;
    decode_events(bytes, all);

    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        const Bytes head(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
        std::vector<Event> events;
        const std::size_t used = decode_events(head, events);
        INFO("cut at " << cut);
        REQUIRE(used <= cut);
        const std::vector<Event> expected(all.begin(), all.begin() + events.size());
        REQUIRE(events == expected);
        const Bytes tail(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
        std::vector<Event> rest;
        REQUIRE(decode_events(tail, rest) == tail.size());
        REQUIRE(events.size() + rest.size() == all.size());
    }
}

TEST_CASE("a length that reaches beyond the buffer ends the decoding", "[watcher][decode]")
{
    const std::uint32_t length = GENERATE(17U, 0x7fff'ffffU, 0xffff'fff0U, 0xffff'ffffU);
    Bytes bytes;
    append(bytes, 1, IN_CREATE, 0, "f");
    std::memcpy(bytes.data() + offsetof(inotify_event, len), &length, sizeof length);

    std::vector<Event> events;
    CHECK(decode_events(bytes, events) == 0);
    CHECK(events.empty());
}

TEST_CASE("any bytes at all are decoded without reading beyond them", "[watcher][decode]")
{
    std::mt19937 random(Catch::rngSeed());
    for (int round = 0; round < 2000; ++round) {
        Bytes bytes(random() % 200);
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
        std::vector<Event> events;
        REQUIRE(decode_events(bytes, events) <= bytes.size());
    }
}

TEST_CASE("a name that fills its field has no NUL and is taken whole", "[watcher][decode]")
{
    Bytes bytes;
    append(bytes, 1, IN_CREATE, 0, std::string(15, 'x'));
    std::memset(bytes.data() + sizeof(inotify_event), 'y', 16);

    std::vector<Event> events;
    decode_events(bytes, events);

    REQUIRE(events.size() == 1);
    CHECK(events[0].name == std::string(16, 'y'));
}

}  // namespace
