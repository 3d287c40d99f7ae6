// rsync over TLS: a stock daemon behind stunnel, and peers that are not what they should be.
#include "push_fixture.h"
#include "tests/support/certificates.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/scripted_server.h"
#include "tests/support/tls_front.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <optional>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

// What came of a push that was to fail.
struct Failure {
    ErrorKind kind{};
    Remedy remedy{};
    std::string what;
};

struct Ends {
    TempDir dir;
    RealDaemon daemon;
    Proxy upstream;  // between stunnel and the daemon: counts what gets through
    Authority authority{"the right one"};

    Ends()
        : daemon({{.name = "m", .path = made(dir / "dst"), .user = "u", .password = "p"}}),
          upstream(daemon.port())
    {
        write_file(dir / "src/deep/file", random_bytes(3'000'000, 1));
        write_file(dir / "src/small", "small");
        make_symlink("small", dir / "src/link");
    }

    Endpoint endpoint(std::uint16_t port, const std::string& host = "localhost") const
    {
        Endpoint where = endpoint_of(daemon, 20s);
        where.reach = Reach::tls;
        where.host = host;
        where.port = port;
        where.tls.ca_file = authority.file();
        return where;
    }

    Pushed push(const Endpoint& where, const std::optional<Expected>& expected = {}) const
    {
        PushOptions options;
        options.ignore_times = true;
        return wire_test::push(where, options, list_of(dir / "src"), dir / "src", expected);
    }

    std::optional<Failure> failed_push(const Endpoint& where) const
    {
        try {
            push(where);
        } catch (const Error& error) {
            return Failure{error.kind(), error.remedy(), error.what()};
        }
        return std::nullopt;
    }

    void check_refused(const Endpoint& where, const std::string& why,
                       const std::string& expected) const
    {
        const std::optional<Failure> failure = failed_push(where);
        REQUIRE(failure);
        CHECK(name_of(failure->kind) == "tls");
        CHECK(failure->remedy == Remedy::needs_person);
        CHECK_THAT(failure->what, Catch::Contains("127.0.0.1:" + std::to_string(where.port)));
        CHECK_THAT(failure->what, Catch::Contains(why));
        CHECK_THAT(failure->what, Catch::Contains(expected));
        // stunnel opens its line to the daemon once the handshake is over.
        CHECK(upstream.counters().connections == 0);
    }

    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

}  // namespace

TEST_CASE("a tree, and then a delta said ahead, arrive over TLS", "[wire][tls]")
{
    const std::string version = GENERATE("TLSv1.2", "TLSv1.3");
    INFO(version);
    Ends ends;
    const TlsFront front(ends.upstream.port(), ends.authority.issue(), {"sslVersion = " + version});
    const std::string host = GENERATE("localhost", "127.0.0.1");
    const Endpoint where = ends.endpoint(front.port(), host);

    const Pushed first = ends.push(where);
    CHECK(first.outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
    REQUIRE(first.expected);

    // Block sums come in while literals go out, over one TLS connection.
    const std::string before = random_bytes(3'000'000, 1);
    write_file(ends.dir / "src/deep/file",
               before.substr(0, 1'000'000) + random_bytes(4'000'000, 2) + before.substr(1'000'000));
    const Pushed second = ends.push(where, first.expected);

    CHECK(second.outcome.failures.empty());
    CHECK(second.outcome.figures.matched_bytes > 2'500'000);
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a certificate of another authority is refused before a word is said", "[wire][tls]")
{
    Ends ends;
    Authority other("a wrong one");
    const TlsFront front(ends.upstream.port(), other.issue());

    ends.check_refused(ends.endpoint(front.port()), "CN=a wrong one",
                       "a certificate in '" + ends.authority.file() + "'");
}

TEST_CASE("a certificate for another host is refused before a word is said", "[wire][tls]")
{
    const std::string names = GENERATE("DNS:other.example", "DNS:*.example,IP:127.0.0.2");
    Ends ends;
    const TlsFront front(ends.upstream.port(), ends.authority.issue({.names = names}));

    ends.check_refused(ends.endpoint(front.port()),
                       "other.example" == names.substr(4) ? names : "DNS:*.example",
                       "expected one for 'localhost'");
}

TEST_CASE("an address must stand in the certificate as an address", "[wire][tls]")
{
    Ends ends;
    const TlsFront front(ends.upstream.port(),
                         ends.authority.issue({.names = "DNS:localhost,DNS:127.0.0.1"}));

    ends.check_refused(ends.endpoint(front.port(), "127.0.0.1"), "IP address mismatch",
                       "expected one for '127.0.0.1'");
}

TEST_CASE("a certificate that has expired is refused before a word is said", "[wire][tls]")
{
    Ends ends;
    const TlsFront front(ends.upstream.port(), ends.authority.issue({.valid_days = -1}));

    ends.check_refused(ends.endpoint(front.port()), "certificate has expired",
                       "expected one that is valid now");
}

TEST_CASE("a daemon that speaks no TLS is told from one with a bad certificate", "[wire][tls]")
{
    Ends ends;
    Endpoint where = ends.endpoint(ends.daemon.port());

    ends.check_refused(where, "no TLS there: it says '@RSYNCD:", "a TLS handshake was expected");
}

TEST_CASE("a file that holds no certificates is named", "[wire][tls]")
{
    Ends ends;
    const TlsFront front(ends.upstream.port(), ends.authority.issue());
    Endpoint where = ends.endpoint(front.port());
    where.tls.ca_file = ends.dir / "none";
    const bool empty = GENERATE(false, true);
    if (empty) write_file(*where.tls.ca_file, "");

    const std::optional<Failure> failure = ends.failed_push(where);

    REQUIRE(failure);
    CHECK(name_of(failure->kind) == "tls");
    CHECK_THAT(failure->what, Catch::Contains("ca_file '" + *where.tls.ca_file + "'"));
    if (!empty) CHECK_THAT(failure->what, Catch::Contains("No such file"));
}

namespace {

// A front that takes nobody without a certificate of the authority.
std::vector<std::string> asks_for_ours(const Ends& ends, const std::string& version)
{
    return {"sslVersion = " + version, "verify = 2", "requireCert = yes",
            "CAfile = " + ends.authority.file()};
}

}  // namespace

TEST_CASE("who shows the right certificate is let in", "[wire][tls]")
{
    const std::string version = GENERATE("TLSv1.2", "TLSv1.3");
    INFO(version);
    Ends ends;
    const TlsFront front(ends.upstream.port(), ends.authority.issue(),
                         asks_for_ours(ends, version));
    Endpoint where = ends.endpoint(front.port());
    const Certificate ours = ends.authority.issue({.names = "DNS:sender.example"});
    where.tls.cert_file = ours.file;
    where.tls.key_file = ours.key_file;

    CHECK(ends.push(where).outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("who shows no certificate, or one of another authority, is told so and says nothing",
          "[wire][tls]")
{
    const std::string version = GENERATE("TLSv1.2", "TLSv1.3");
    const bool another = GENERATE(false, true);
    INFO(version << (another ? ", another authority's" : ", none"));
    Ends ends;
    Authority other("a wrong one");
    const TlsFront front(ends.upstream.port(), ends.authority.issue(),
                         asks_for_ours(ends, version));
    Endpoint where = ends.endpoint(front.port());
    if (another) {
        const Certificate theirs = other.issue();
        where.tls.cert_file = theirs.file;
        where.tls.key_file = theirs.key_file;
    }

    const std::optional<Failure> failure = ends.failed_push(where);

    REQUIRE(failure);
    CHECK(name_of(failure->kind) == "tls");
    CHECK(failure->remedy == Remedy::needs_person);
    CHECK_THAT(failure->what, Catch::Contains(another ? "cert_file '" + *where.tls.cert_file + "'"
                                                      : "no certificate of our own"));
    CHECK(ends.upstream.counters().bytes_up == 0);
    CHECK(names_in(ends.dir / "dst").empty());
}

TEST_CASE("a certificate or key of ours that cannot be used is named, and why", "[wire][tls]")
{
    Ends ends;
    const TlsFront front(ends.upstream.port(), ends.authority.issue());
    Endpoint where = ends.endpoint(front.port());
    const Certificate ours = ends.authority.issue();
    const Certificate another = ends.authority.issue();
    where.tls.cert_file = ours.file;
    where.tls.key_file = ours.key_file;
    const auto check = [&](const std::string& key, const std::string& file,
                           const std::string& why) {
        const std::optional<Failure> failure = ends.failed_push(where);
        REQUIRE(failure);
        CHECK(name_of(failure->kind) == "tls");
        CHECK(failure->remedy == Remedy::needs_person);
        CHECK_THAT(failure->what, Catch::Contains(key + " '" + file + "'"));
        CHECK_THAT(failure->what, Catch::Contains(why));
        CHECK(ends.upstream.counters().connections == 0);
    };
    SECTION("no certificate there")
    {
        where.tls.cert_file = ends.dir / "none";
        check("cert_file", *where.tls.cert_file, "No such file");
    }
    SECTION("a key where the certificate should be")
    {
        where.tls.cert_file = ours.key_file;
        check("cert_file", ours.key_file, "expected a certificate in PEM");
    }
    SECTION("no key there")
    {
        where.tls.key_file = ends.dir / "none";
        check("key_file", *where.tls.key_file, "No such file");
    }
    SECTION("the key of another certificate")
    {
        where.tls.key_file = another.key_file;
        check("key_file", another.key_file, "mismatch");
    }
    SECTION("a key with a passphrase, which nobody is asked for")
    {
        where.tls.key_file = ends.dir / "locked.key";
        REQUIRE(run({"openssl", "ec", "-in", ours.key_file, "-aes128", "-passout", "pass:secret",
                     "-out", *where.tls.key_file})
                    .exit_code == 0);
        check("key_file", *where.tls.key_file, "without a passphrase");
    }
}

TEST_CASE("a refused handshake needs a person, a broken one another try", "[wire][tls]")
{
    using namespace std::string_view_literals;
    Ends ends;
    SECTION("refused")
    {
        const ScriptedServer server(
            [](int socket) { send_all(socket, "\x15\x03\x03\x00\x02\x02\x28"sv); });
        const auto failure = ends.failed_push(ends.endpoint(server.port()));
        REQUIRE(failure);
        CHECK(name_of(failure->kind) == "tls");
        CHECK(failure->remedy == Remedy::needs_person);
        CHECK_THAT(failure->what, Catch::Contains("handshake was refused"));
    }
    SECTION("closed")
    {
        const ScriptedServer server([](int socket) { receive_some(socket, 4096, 5s); });
        const auto failure = ends.failed_push(ends.endpoint(server.port()));
        REQUIRE(failure);
        CHECK(name_of(failure->kind) == "unreachable");
        CHECK(failure->remedy == Remedy::retry);
    }
    SECTION("silent")
    {
        const ScriptedServer server([](int socket) {
            while (receive_some(socket, 4096, 10s).value_or("") != "") continue;
        });
        Endpoint where = ends.endpoint(server.port());
        where.timeout = 300ms;
        const auto failure = ends.failed_push(where);
        REQUIRE(failure);
        CHECK(name_of(failure->kind) == "timeout");
        CHECK_THAT(failure->what, Catch::Contains("TLS handshake"));
    }
}
