// What a mapping answers to those who ask it when it has been stopped: a reload replaces it while
// they wait for another.
#include "agent/mapping.h"

#include "agent/executors.h"
#include "agent/state/state_dir.h"
#include "config/load.h"
#include "tests/support/temp_tree.h"
#include "watcher/drainer.h"

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace lockstep::agent {
namespace {

using Clock = std::chrono::steady_clock;
using Ask = std::function<boost::asio::awaitable<status::CommandResult>(std::shared_ptr<Mapping>)>;

// Its destination is never reached.
config::Mapping mapping_of(const std::string& source)
{
    const config::LoadResult loaded =
        config::load_text("mappings:\n  - name: web\n    source: " + source +
                              "\n    destinations:\n      - url: rsync://127.0.0.1:1/module\n",
                          "test.yaml");
    REQUIRE(loaded.config);
    return loaded.config->mappings.front();
}

struct Parts {
    testing::TempDir dir;
    Executors executors;
    state::StateDir state_dir{dir / "state"};
    watcher::Drainer drainer;

    std::shared_ptr<Mapping> start()
    {
        testing::make_dirs(dir / "source");
        MappingHost host;
        host.control = executors.control().get_executor();
        host.transfer = executors.pool().get_executor();
        host.line = [this] { return executors.line(); };
        host.store = executors.store().get_executor();
        host.state_dir = &state_dir;
        host.drainer = &drainer;
        host.slots = std::make_shared<push::Slots>();
        host.publish = [](const status::EventLine&) {};
        host.changed = [] {};
        auto mapping = std::make_shared<Mapping>(mapping_of(dir / "source"), std::move(host));
        mapping->start();
        return mapping;
    }

    std::optional<status::CommandResult> answer(const std::shared_ptr<Mapping>& mapping, Ask ask)
    {
        std::optional<status::CommandResult> answer;
        boost::asio::co_spawn(executors.control(), ask(mapping),
                              [&](const std::exception_ptr& failure, status::CommandResult result) {
                                  if (!failure) answer = std::move(result);
                              });
        executors.control().restart();
        executors.control().run_for(std::chrono::seconds(20));
        return answer;
    }
};

TEST_CASE("a mapping that was stopped says so to who asks it", "[agent][mapping]")
{
    Parts parts;
    const std::shared_ptr<Mapping> mapping = parts.start();
    mapping->stop();

    const auto flushed = parts.answer(mapping, [](std::shared_ptr<Mapping> self) {
        return Mapping::flush(std::move(self), Clock::now() + std::chrono::seconds(10));
    });
    const auto compared = parts.answer(mapping, [](std::shared_ptr<Mapping> self) {
        return Mapping::resync(std::move(self), true);
    });

    REQUIRE(flushed);
    CHECK_FALSE(flushed->ok);
    CHECK(flushed->message == "mapping web: the agent is stopping");
    REQUIRE(compared);
    CHECK_FALSE(compared->ok);
    CHECK(compared->message == "mapping web: the agent is stopping");
}

}  // namespace
}  // namespace lockstep::agent
