#include "agent/status/listen.h"

#include "base/error.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/un.h>

namespace lockstep::status {
namespace {

using lockstep::testing::exists;
using lockstep::testing::names_in;
using lockstep::testing::operator/;
using lockstep::testing::status_of;
using lockstep::testing::TempDir;
using lockstep::testing::try_connect_unix;
using lockstep::testing::write_file;

std::string refusal_of(const std::string& path)
{
    try {
        listen_unix(path);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::local);
        CHECK(error.remedy() == Remedy::needs_person);
        return error.what();
    }
    return "";
}

std::string tcp_refusal_of(const std::string& host_port)
{
    try {
        listen_tcp(host_port);
    } catch (const Error& error) {
        CHECK(error.remedy() == Remedy::needs_person);
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("the socket has mode 0660 whatever the umask, and nothing lies beside it",
          "[status][listen]")
{
    const TempDir dir;
    const mode_t before = ::umask(GENERATE(mode_t{0}, mode_t{0777}));

    const UnixListener listener = listen_unix(dir / "s");
    ::umask(before);

    CHECK((status_of(dir / "s").st_mode & 07777) == 0660);
    CHECK(names_in(dir.path()) == std::vector<std::string>{"s"});
    CHECK(try_connect_unix(dir / "s"));
}

TEST_CASE("a socket nobody answers on is replaced", "[status][listen]")
{
    const TempDir dir;
    listen_unix(dir / "s");  // closed at once, its name stays
    REQUIRE(exists(dir / "s"));
    REQUIRE_FALSE(try_connect_unix(dir / "s"));
    write_file(dir / "s.new", "of a start that was killed");

    const UnixListener listener = listen_unix(dir / "s");

    CHECK(try_connect_unix(dir / "s"));
    CHECK_FALSE(exists(dir / "s.new"));
}

TEST_CASE("a socket somebody answers on is left alone", "[status][listen]")
{
    const TempDir dir;
    const UnixListener first = listen_unix(dir / "s");

    CHECK(refusal_of(dir / "s") ==
          "status socket '" + dir / "s" + "': another lockstep answers there");
    CHECK(try_connect_unix(dir / "s"));
}

TEST_CASE("a file in the socket's place is left alone", "[status][listen]")
{
    const TempDir dir;
    write_file(dir / "s", "precious");

    CHECK(refusal_of(dir / "s").find("exists and is no socket") != std::string::npos);
    CHECK(lockstep::testing::read_file(dir / "s") == "precious");
}

TEST_CASE("a missing directory is named", "[status][listen]")
{
    const TempDir dir;

    CHECK(refusal_of(dir / "no/s").find("stat '" + dir / "no" + "': No such file") !=
          std::string::npos);
}

TEST_CASE("a path too long for the kernel is refused with the limit", "[status][listen]")
{
    const TempDir dir;
    const std::string name(200, 'x');

    CHECK(refusal_of(dir / name).find("longer than the 103 bytes") != std::string::npos);
}

TEST_CASE("the socket's name is removed unless another took it", "[status][listen]")
{
    const TempDir dir;
    UnixListener first = listen_unix(dir / "s");
    first.fd = Fd();
    UnixListener second = listen_unix(dir / "s");

    first.name.remove();
    CHECK(try_connect_unix(dir / "s"));
    second.name.remove();
    CHECK_FALSE(exists(dir / "s"));
}

TEST_CASE("TCP listens on the port asked for, or any", "[status][listen]")
{
    const std::vector<TcpListener> listeners = listen_tcp("127.0.0.1:0");

    REQUIRE(listeners.size() == 1);
    REQUIRE(listeners[0].port != 0);
    CHECK_NOTHROW(lockstep::testing::connect_to("127.0.0.1", listeners[0].port));
}

TEST_CASE("a port that is taken, or no address, is refused by name", "[status][listen]")
{
    const std::vector<TcpListener> listeners = listen_tcp("127.0.0.1:0");
    const std::string taken = "127.0.0.1:" + std::to_string(listeners.at(0).port);

    CHECK(tcp_refusal_of(taken) == "listen '" + taken + "': Address already in use");
    CHECK(tcp_refusal_of("9477").find("expected host:port") != std::string::npos);
}

}  // namespace lockstep::status
