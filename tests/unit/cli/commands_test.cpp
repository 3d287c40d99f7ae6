#include "agent/cli/commands.h"

#include "agent/cli/ask.h"
#include "agent/cli/status_view.h"
#include "agent/status/json.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_tree.h"
#include "tests/support/until.h"
#include "tests/unit/status/running_server.h"
#include "tests/unit/status/sample.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <sstream>
#include <thread>

namespace lockstep::cli {
namespace {

using lockstep::testing::operator/;
using lockstep::testing::TempDir;
using lockstep::testing::until;
using namespace std::chrono_literals;
using Calls = std::vector<std::string>;

// A console whose words can be read.
struct Heard {
    std::ostringstream out;
    std::ostringstream err;
    Console console{out, err, false, false};
};

bool no_more()
{
    return false;
}

// Answers one connection with fixed bytes, then hangs up.
class Impostor {
public:
    explicit Impostor(std::string answer)
        : path_(dir_ / "s"), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(fd_.get(), 1) == 0);
        thread_ = std::thread([this, words = std::move(answer)] {
            const Fd client(::accept(fd_.get(), nullptr, nullptr));
            lockstep::testing::receive_some(client.get(), 65536, 10s);
            lockstep::testing::send_all(client.get(), words);
        });
    }
    ~Impostor() { thread_.join(); }
    Impostor(const Impostor&) = delete;
    Impostor& operator=(const Impostor&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    TempDir dir_;
    std::string path_;
    Fd fd_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("status shows the table and exits with 0 when all is in step", "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    Heard heard;

    CHECK(status_command({{}, false, false, server.socket()}, heard.console, no_more) == 0);
    CHECK(heard.out.str().find("\nweb  /srv/web  live, 1204 directories\n") != std::string::npos);
    CHECK(heard.err.str().empty());
}

TEST_CASE("status exits with 3 when something is degraded", "[cli][commands]")
{
    status::RunningServer server(status::troubled_example());
    Heard heard;

    CHECK(status_command({{}, false, false, server.socket()}, heard.console, no_more) == 3);
}

TEST_CASE("status of a name judges and shows that mapping alone", "[cli][commands]")
{
    status::Snapshot snapshot = status::troubled_example();
    snapshot.mappings.push_back(status::contract_example().mappings[0]);
    snapshot.mappings.back().name = "fine";
    status::RunningServer server(snapshot);
    Heard heard;

    CHECK(status_command({{"fine"}, false, false, server.socket()}, heard.console, no_more) == 0);
    CHECK(heard.out.str().find("mail") == std::string::npos);
    CHECK(status_command({{"mail"}, false, false, server.socket()}, heard.console, no_more) == 3);
}

TEST_CASE("status of an unknown name says so and exits with 1", "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    Heard heard;

    CHECK(status_command({{"wob"}, false, false, server.socket()}, heard.console, no_more) == 1);
    CHECK(heard.err.str() == "lockstep: no mapping 'wob'\n");
}

TEST_CASE("status as JSON is the daemon's own, or the named part of it", "[cli][commands]")
{
    status::RunningServer server(status::troubled_example());
    Heard heard;
    CHECK(status_command({{}, true, false, server.socket()}, heard.console, no_more) == 3);
    CHECK(heard.out.str() == status::to_json(status::troubled_example()) + "\n");

    Heard part;
    CHECK(status_command({{"mail"}, true, false, server.socket()}, part.console, no_more) == 3);
    const StatusView view = status_view(part.out.str());
    REQUIRE(view.mappings.size() == 1);
    CHECK(view.mappings[0].name == "mail");
    CHECK(view.pid == 4242);
}

TEST_CASE("no daemon is one clear line and exit 1", "[cli][commands]")
{
    const TempDir dir;
    const std::string socket = dir / "s";
    Heard heard;

    CHECK(status_command({{}, false, true, socket}, heard.console, no_more) == 1);
    CHECK(heard.err.str() == "lockstep: no daemon at " + socket + ": No such file or directory\n");
    CHECK(flush_command({{}, {}, socket}, heard.console) == 1);
    CHECK(resync_command({{"a"}, false, socket}, heard.console) == 1);
    CHECK(pause_command({{"a"}, socket}, heard.console) == 1);
    CHECK(resume_command({{"a"}, false, socket}, heard.console) == 1);
    CHECK(reload_command({socket}, heard.console) == 1);
}

TEST_CASE("watching shows the status again while the daemon changes, and without it",
          "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    Heard heard;
    int rounds = 0;
    const NextRound next = [&] {
        ++rounds;
        if (rounds == 1)
            server.control->set_snapshot(
                std::make_shared<const status::Snapshot>(status::troubled_example()));
        if (rounds == 2) server.stop();
        return rounds < 3;
    };

    CHECK(status_command({{}, false, true, server.socket()}, heard.console, next) == 1);
    CHECK(heard.out.str().find("in_step") < heard.out.str().find("waiting"));
    CHECK(heard.err.str().find("no daemon at ") != std::string::npos);
    CHECK(heard.out.str().find('\x1b') == std::string::npos);
}

TEST_CASE("flush sends names and timeout and exits with 0", "[cli][commands]")
{
    status::RunningServer server(status::troubled_example());
    server.control->set_result({true, "in step", {}, {}});
    Heard heard;

    CHECK(flush_command({{"web", "mail"}, 5s, server.socket()}, heard.console) == 0);
    CHECK(flush_command({{}, {}, server.socket()}, heard.console) == 0);
    CHECK(server.control->calls() == Calls{"flush web,mail 5000", "flush  -"});
    CHECK(heard.out.str() == "in step\nin step\n");
}

TEST_CASE("a flush that failed says why and which paths, and exits with 1", "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    server.control->set_result({false, "timed out after 5s", {"a/b", "c"}, {}});
    Heard heard;

    CHECK(flush_command({{}, 5s, server.socket()}, heard.console) == 1);
    CHECK(heard.err.str() == "lockstep: timed out after 5s\n  a/b\n  c\n");
    CHECK(heard.out.str().empty());
}

TEST_CASE("a daemon that stops under a flush is an error, not success", "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    server.control->holding = true;
    Heard heard;
    int code = -1;
    std::thread flushing([&] { code = flush_command({{}, {}, server.socket()}, heard.console); });
    CHECK(until([&] { return server.control->calls().size() == 1; }, 10s));

    server.stop();
    flushing.join();

    CHECK(code == 1);
    CHECK(heard.err.str().find("hung up before it had answered") != std::string::npos);
}

TEST_CASE("a daemon that never answers is given up after the limit", "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    server.control->holding = true;
    Question question{server.socket(), "POST", "/v1/flush", "{}", 50ms};

    CHECK_THROWS_WITH(ask(question),
                      "no answer from the daemon at " + server.socket() + " in time");
}

TEST_CASE("commands on names are sent one by one, and one failure is exit 1", "[cli][commands]")
{
    status::RunningServer server(status::troubled_example());
    Heard heard;

    CHECK(resync_command({{"web", "mail"}, true, server.socket()}, heard.console) == 0);
    CHECK(pause_command({{"web"}, server.socket()}, heard.console) == 0);
    CHECK(resume_command({{"web"}, true, server.socket()}, heard.console) == 0);
    CHECK(pause_command({{"wob", "mail"}, server.socket()}, heard.console) == 1);
    CHECK(server.control->calls() ==
          Calls{"resync web 1", "resync mail 1", "pause web", "resume web 1", "pause mail"});
    CHECK(heard.err.str() == "lockstep: no mapping 'wob'\n");
}

TEST_CASE("a name is sent as one segment, whatever it holds", "[cli][commands]")
{
    CHECK(percent_encoded("a/b ?%\xff") == "a%2Fb%20%3F%25%FF");
    CHECK(percent_encoded("web-1_x.y~") == "web-1_x.y~");
}

TEST_CASE("a reload of a bad file prints every diagnostic and exits with 2", "[cli][commands]")
{
    status::RunningServer server(status::contract_example());
    Heard fine;
    CHECK(reload_command({server.socket()}, fine.console) == 0);

    server.control->set_result({false, "2 errors, nothing changed", {}, {"f:1:2: x", "f:3:4: y"}});
    Heard heard;

    CHECK(reload_command({server.socket()}, heard.console) == 2);
    CHECK(heard.err.str() == "lockstep: 2 errors, nothing changed\nf:1:2: x\nf:3:4: y\n");
}

TEST_CASE("who is no daemon of ours is said to be none", "[cli][commands]")
{
    const std::string answer =
        GENERATE(as<std::string>{}, "", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\n\r\n<html>",
                 "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "HTTP/1.1 404 No\r\n\r\n{}",
                 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
    const Impostor impostor(answer);
    Heard heard;

    CHECK(status_command({{}, false, false, impostor.path()}, heard.console, no_more) == 1);
    CHECK(heard.err.str().starts_with("lockstep: "));
}

TEST_CASE("an answer that comes in pieces is put together", "[cli][commands]")
{
    status::Snapshot snapshot = status::contract_example();
    for (int i = 0; i < 2000; ++i) {  // more than one read
        snapshot.mappings.push_back(snapshot.mappings[0]);
        snapshot.mappings.back().name = "m" + std::to_string(i);
    }
    status::RunningServer server(snapshot);
    Heard heard;

    CHECK(status_command({{"m1999"}, false, false, server.socket()}, heard.console, no_more) == 0);
    CHECK(heard.out.str().find("\nm1999  ") != std::string::npos);
}

}  // namespace lockstep::cli
