#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <thread>

using namespace lockstep::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a log that is never closed arrives as it grows", "[e2e][C18]")
{
    constexpr int lines = 60;
    LiveMirror mirror(
        {.mapping_lines = {"batch: { max_delay: 200ms }"}, .before = [](const std::string& source) {
             write_file(source + "/log", random_bytes(1'000'000, 1));
         }});
    REQUIRE(mirror.agent.flush() == 0);
    const std::uint64_t sent_before = mirror.sent("bytes_sent");
    const lockstep::Fd log(::open(mirror.source("log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const std::string line = "a line of a web server's log, as they are\n";

    for (int i = 0; i < lines; ++i) {
        REQUIRE(::write(log.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
        std::this_thread::sleep_for(milliseconds(20));
        if (i % 20 != 19) continue;
        const off_t so_far = status_of(mirror.source("log")).st_size;
        CHECK(until([&] { return status_of(mirror.dest("log")).st_size >= so_far; }, seconds(20)));
    }

    // 64 KiB a send: block sums and tokens, but not the file again.
    const std::uint64_t sends = mirror.sent("files_sent");
    CHECK(mirror.sent("bytes_sent") - sent_before < 5 * lines * line.size() + sends * 65'536);
    CHECK(mirror.flushed_differences() == Lines{});
}
