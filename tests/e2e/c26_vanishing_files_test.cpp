#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace lockstep::testing {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A mail server's work: written in tmp, moved to new, taken away up to 200 ms later. About 125 a
// second.
void deliver_mail(const std::string& spool, int writer, Clock::time_point end)
{
    std::mt19937 random(static_cast<unsigned>(writer));
    std::deque<std::pair<Clock::time_point, std::string>> delivered;
    for (int i = 0; Clock::now() < end; ++i) {
        const std::string name = std::to_string(writer) + "." + std::to_string(i);
        write_file(spool + "/tmp/" + name, std::string(random() % 4096, 'm'));
        rename_path(spool + "/tmp/" + name, spool + "/new/" + name);
        delivered.emplace_back(Clock::now() + milliseconds(random() % 200), spool + "/new/" + name);
        while (!delivered.empty() && delivered.front().first <= Clock::now()) {
            remove_file(delivered.front().second);
            delivered.pop_front();
        }
        std::this_thread::sleep_for(milliseconds(8));  // the pace of the load, not a wait
    }
    // Every other one that is left stays.
    for (std::size_t i = 0; i < delivered.size(); i += 2) remove_file(delivered[i].second);
}

}  // namespace

TEST_CASE("files that vanish before they are sent are no errors and pile nothing up", "[e2e][C26]")
{
    const TempDir dir;
    make_dirs(dir / "src/tmp");
    make_dirs(dir / "src/new");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentConfig config = config_of("mail", dir / "src", {daemon.url("m")});
    config.log_lines = {"level: info"};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);

    const Clock::time_point end = Clock::now() + std::chrono::seconds(8);
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 8; ++writer)
        writers.emplace_back([&dir, writer, end] { deliver_mail(dir / "src", writer, end); });
    std::uint64_t resident_early = 0;
    std::int64_t pending_most = 0;
    std::atomic<bool> over = false;
    std::thread join_all([&] {
        for (std::thread& writer : writers) writer.join();
        over = true;
    });
    const bool ended = until(
        [&] {
            if (resident_early == 0 && Clock::now() > end - std::chrono::seconds(6))
                resident_early = resident_bytes(agent.pid());
            pending_most = std::max(
                pending_most, agent.destination("mail").at("pending").to_number<std::int64_t>());
            return over.load();
        },
        std::chrono::minutes(2));
    join_all.join();

    REQUIRE(ended);
    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(pending_most < 20'000);
    CHECK(agent.destination("mail").at("errors").to_number<std::int64_t>() == 0);
    CHECK(agent.destination("mail").at("last_error").is_null());
    if (patience == 1)  // a sanitizer keeps what is freed
        CHECK(resident_bytes(agent.pid()) < resident_early + 50'000'000);
}

}  // namespace lockstep::testing
