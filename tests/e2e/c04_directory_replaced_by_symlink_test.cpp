#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

#include <thread>

using namespace lockstep::testing;

namespace {

// Looks every millisecond, from its own thread, whether a path is there.
class Lookout {
public:
    explicit Lookout(std::string path)
        : path_(std::move(path)), thread_([this](const std::stop_token& over) {
              while (!over.stop_requested()) {
                  if (!exists(path_)) ++missed_;
                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
              }
          })
    {
    }

    int missed() const { return missed_; }

private:
    std::string path_;
    std::atomic<int> missed_ = 0;
    std::jthread thread_;
};

}  // namespace

TEST_CASE("a directory replaced by a symlink to its sibling leaves the sibling's files alone",
          "[e2e][C04]")
{
    LiveMirror mirror;
    write_file(mirror.source("one/f"), "content");
    make_dirs(mirror.source("two"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    const Lookout lookout(mirror.dest("one/f"));
    const bool arrives_in_between = GENERATE(false, true);

    write_file(mirror.source("two/one/f"), "content");
    if (arrives_in_between) {
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
    remove_tree(mirror.source("two/one"));
    make_symlink("../one", mirror.source("two/one"));

    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(link_target(mirror.dest("two/one")) == "../one");

    remove_file(mirror.source("two/one"));
    write_file(mirror.source("two/one/g"), "a directory again");

    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(lookout.missed() == 0);
}
