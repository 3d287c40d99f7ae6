#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>

using namespace lockstep::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t file_bytes = std::uint64_t{64} << 20;

// Writes somewhere into one open file, for as long as it lives.
class BusyWriter {
public:
    explicit BusyWriter(const std::string& path) : path_(path), thread_([this] { write(); }) {}
    ~BusyWriter()
    {
        stop_ = true;
        thread_.join();
    }
    BusyWriter(const BusyWriter&) = delete;
    BusyWriter& operator=(const BusyWriter&) = delete;

private:
    void write() const
    {
        const lockstep::Fd file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
        std::mt19937_64 random(1);
        while (!stop_) {
            const std::string bytes = random_bytes(4096, random());
            const auto at = static_cast<off_t>(random() % (file_bytes - bytes.size()));
            [[maybe_unused]] const ssize_t n = ::pwrite(file.get(), bytes.data(), bytes.size(), at);
            std::this_thread::sleep_for(milliseconds(20));
        }
    }

    const std::string path_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace

TEST_CASE("a large file that changes all the time holds up no other and catches up in the end",
          "[e2e][C27]")
{
    LiveMirror mirror(
        {.mapping_lines = {"batch: { max_delay: 200ms }"}, .before = [](const std::string& source) {
             write_file(source + "/database", random_bytes(file_bytes, 1));
         }});
    REQUIRE(mirror.agent.flush() == 0);
    {
        const BusyWriter writer(mirror.source("database"));
        for (int i = 0; i < 15; ++i) {
            const std::string name = "small" + std::to_string(i);
            write_file(mirror.source(name), "x");
            CHECK(until([&] { return exists(mirror.dest(name)); }, seconds(20)));
        }
        // The file itself as well, more than once.
        CHECK(until([&] { return mirror.sent("files_sent") >= 19; }, seconds(30)));
    }
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("errors") == 0);
}
