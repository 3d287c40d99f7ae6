// Daemons that misbehave, one way a test: the session ends with an error that says so, in bounded
// memory (PROTOCOL.md 8, 14, 15, 17).
#include "push_fixture.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <optional>
#include <thread>
#include <utility>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using Catch::Matchers::Contains;

namespace {

constexpr std::size_t session_bytes_max = 64 * 1024 * 1024;

// The most that this process has had resident since reset(), beyond what it had then.
class PeakMemory {
public:
    PeakMemory()
    {
        std::ofstream("/proc/self/clear_refs") << "5";
        before_ = bytes("VmRSS:");
    }
    std::size_t grown() const
    {
        const std::size_t peak = bytes("VmHWM:");
        return peak > before_ ? peak - before_ : 0;
    }

private:
    static std::size_t bytes(const std::string& what)
    {
        std::ifstream status("/proc/self/status");
        std::string word;
        std::size_t kib = 0;
        while (status >> word)
            if (word == what) status >> kib;
        return kib * 1024;
    }

    std::size_t before_ = 0;
};

struct Source {
    TempDir dir;
    PushList list;
    PushOptions options;

    Source()
    {
        make_dirs(dir / "src/d");
        write_file(dir / "src/file", "content");
        list = list_of(dir / "src");
    }
    // In the order of the receiver, which puts files before directories.
    static constexpr int file = 1;
    static constexpr int directory = 2;
};

// What became of a push to such a daemon: how it failed, or the outcome.
struct Ending {
    std::optional<ErrorKind> kind;
    std::string text;
    PushOutcome outcome;
    std::size_t grown_bytes = 0;
};

Ending push_to(const ScriptedServer::Conversation& conversation, const Source& source,
               std::chrono::milliseconds timeout = 5s)
{
    const PeakMemory memory;
    const ScriptedServer server(conversation);
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = server.port();
    endpoint.module = "m";
    endpoint.user = "u";
    endpoint.password = "p";
    endpoint.timeout = timeout * patience;
    Ending ending;
    try {
        ending.outcome = push(endpoint, source.options, source.list, source.dir / "src").outcome;
    } catch (const Error& error) {
        ending.kind = error.kind();
        ending.text = error.what();
    }
    ending.grown_bytes = memory.grown();
    INFO(ending.text);
    if (patience == 1) CHECK(ending.grown_bytes < session_bytes_max);  // a sanitizer keeps all
    CHECK(ending.text.size() < 2000);
    return ending;
}

// Says it once let in, and listens from then on.
ScriptedServer::Conversation saying(const std::string& bytes)
{
    return let_in([bytes](int socket) {
        send_all(socket, bytes);
        listen_on_and_on(socket);
    });
}

// An index as the first of its direction, which starts from -1.
std::string first(int ndx, std::uint16_t iflags)
{
    return {static_cast<char>(ndx + 1), static_cast<char>(iflags), static_cast<char>(iflags >> 8)};
}

const std::string done(1, '\0');
constexpr std::uint16_t transfer = 0x8000;
const std::string no_basis = daemon_says::sum_head(0, 0, 0, 0);

// A whole conversation, with a request, a complaint and a message in it; or its beginning.
struct Whole {
    std::string before_arguments = daemon_says::greeting + "welcome\n" + daemon_says::ok;
    std::string before_list = daemon_says::setup() + daemon_says::frame(33, daemon_says::word(60));
    std::string after_list = daemon_says::stream(first(Source::file, transfer) +
                                                 daemon_says::sum_head(1, 700, 2, 0) + "123456") +
                             daemon_says::frame(3, "oops\n") + daemon_says::all_done();

    std::size_t size() const
    {
        return before_arguments.size() + before_list.size() + after_list.size();
    }

    ScriptedServer::Conversation cut_after(std::size_t bytes, bool stays) const
    {
        return [*this, bytes, stays](int socket) {
            std::size_t left = bytes;
            const auto say = [&](const std::string& stage) {
                const std::string_view part = std::string_view(stage).substr(0, left);
                left -= part.size();
                return send_all(socket, part) && left > 0;
            };
            [[maybe_unused]] const bool all = say(before_arguments) && hear_arguments(socket) &&
                                              say(before_list) && hear_names_and_list(socket) &&
                                              say(after_list);
            if (stays) listen_on_and_on(socket);
        };
    }
};

void check_protocol_error(const Ending& ending, const std::string& words)
{
    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::protocol);
    CHECK_THAT(ending.text, Contains(words));
}

}  // namespace

TEST_CASE("the fake daemon of these tests is one that a push succeeds with", "[wire][hostile]")
{
    const Source source;
    const Ending ending = push_to(saying(daemon_says::all_done()), source);

    INFO(ending.text);
    CHECK_FALSE(ending.kind.has_value());
    CHECK(ending.outcome.failures.empty());
}

TEST_CASE("a daemon that hangs up in whatever place is a lost connection", "[wire][hostile]")
{
    const Source source;
    const std::size_t cut = GENERATE_COPY(range(std::size_t{0}, Whole().size()));
    INFO("after " << cut << " bytes");

    const Ending ending = push_to(Whole().cut_after(cut, false), source);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::unreachable);
}

TEST_CASE("a daemon that falls silent in whatever place is timed out", "[wire][hostile]")
{
    const Source source;
    const std::size_t cut = GENERATE_COPY(range(std::size_t{0}, Whole().size(), std::size_t{7}));
    INFO("after " << cut << " bytes");

    const Ending ending = push_to(Whole().cut_after(cut, true), source, 150ms);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::timeout);
}

TEST_CASE("a daemon that only says that it is there is timed out", "[wire][hostile]")
{
    const Source source;
    const auto [tag, payload] =
        GENERATE(table<int, std::string>({{0, ""}, {42, ""}, {33, "\x3c\0\0\0"s}, {100, "1234"}}));
    INFO("frames of tag " << tag);

    const Ending ending = push_to(let_in([said = daemon_says::frame(tag, payload)](int socket) {
                                      std::string many;
                                      while (many.size() < 10'000) many += said;
                                      say_on_and_on(socket, many);
                                  }),
                                  source, 200ms);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::timeout);
}

TEST_CASE("a daemon that falls silent after a sign of life is one that fell silent",
          "[wire][hostile]")
{
    Source source;
    std::erase_if(source.list.entries, [](const Entry& entry) { return entry.is_regular(); });

    const Ending ending = push_to(let_in([](int socket) {
                                      std::this_thread::sleep_for(50ms);
                                      send_all(socket, daemon_says::frame(0, ""));
                                      listen_on_and_on(socket);
                                  }),
                                  source, 1s);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::timeout);
    CHECK_THAT(ending.text, !Contains("only says that it is there"));
}

TEST_CASE("a daemon that talks without end is not listened to", "[wire][hostile]")
{
    const Source source;
    const auto [tag, text] = GENERATE(table<int, std::string>(
        {{1, ""}, {2, std::string(100, 'x')}, {3, std::string(65536, '\x01')}, {101, "a/b"}}));
    INFO("messages of " << text.size() << " bytes, tag " << tag);

    const Ending ending = push_to(let_in([said = daemon_says::frame(tag, text)](int socket) {
                                      std::string many;
                                      while (many.size() < 65536) many += said;
                                      say_on_and_on(socket, many);
                                  }),
                                  source, 200ms);

    if (tag != 101) {
        check_protocol_error(ending, "said more than 268435456 bytes of messages");
        return;
    }
    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::timeout);
}

TEST_CASE("what a daemon may not send ends the session", "[wire][hostile]")
{
    const Source source;
    const std::string huge_name = "\xff\xff"s + std::string(32767, 'n');
    const auto [payload, words] = GENERATE_COPY(table<std::string, std::string>({
        {daemon_says::frame(5, "x"), "a frame of kind 12"},
        {daemon_says::frame(9, "1234"), "a frame of kind 16"},
        {"\x04\0\0\0zzzz"s, "a frame of kind 0"},
        {daemon_says::frame(1, std::string(65537, 'x')), "a message of 65537 bytes"},
        {daemon_says::stream(first(3, transfer) + no_basis), "index 3 in a list of 3"},
        {daemon_says::stream("\xfe\xff\xff\xff\xff\0\x80"s), "index"},
        {daemon_says::stream("\xff\x01"s), "index -2"},
        {daemon_says::stream("\xff\x64"s), "index -101"},
        {daemon_says::stream(first(Source::directory, transfer) + no_basis),
         "which is no regular file"},
        {daemon_says::stream(first(0, transfer) + no_basis), "which is no regular file"},
        {daemon_says::stream(first(1, 0x9000) + huge_name), "a name of 32767 bytes"},
        {daemon_says::stream(first(1, transfer) + daemon_says::sum_head(1, 0, 2, 0)),
         "block length 0"},
        {daemon_says::stream(first(1, transfer) + daemon_says::sum_head(1U << 31, 700, 2, 0)),
         "number of blocks -2147483648"},
        {daemon_says::stream(first(1, transfer) + daemon_says::sum_head(1U << 27, 700, 2, 0)),
         "number of blocks 134217728"},
        {daemon_says::stream(first(1, transfer) + daemon_says::sum_head(9, 700, 17, 0)),
         "strong sum length 17"},
        {daemon_says::stream(first(1, transfer) + daemon_says::sum_head(9, 700, 2, 701)),
         "remainder 701"},
        {daemon_says::stream(done + done + first(1, transfer) + no_basis), "in the last phase"},
        {daemon_says::stream(done + done + done + first(1, 0)), "after the end of all phases"},
        {daemon_says::stream("\xff\x02\0\0\0\0\0"s), "deletion statistics in the middle"},
        {daemon_says::stream("\xff\x02\xf0\xff\xff\xff\xff\0\0\0\0"s), "a negative number"},
        {daemon_says::frame(86, daemon_says::word(12)), "exit code 12"},
    }));

    const Ending ending = push_to(saying(payload), source);

    check_protocol_error(ending, words);
}

TEST_CASE("attributes that an entry has not cannot be asked for", "[wire][hostile]")
{
    Source source;
    source.options.xattrs = true;
    const auto [wanted, words] = GENERATE(table<std::string, std::string>({
        {"\x01\0"s, "asked for attribute 1 of 'file', which has none such"},
        {"\xf0\xff\xff\xff\xff\0"s, "an impossible list of extended attributes"},
        {std::string(70'000, '\x01') + "\0"s, "an impossible list of extended attributes"},
    }));

    const Ending ending =
        push_to(saying(daemon_says::stream(first(Source::file, 0x0100) + wanted.substr(0, 60'000)) +
                       daemon_says::stream(wanted.size() > 60'000 ? wanted.substr(60'000) : "")),
                source);

    check_protocol_error(ending, words);
}

TEST_CASE("requests, reports and statistics without end end the session", "[wire][hostile]")
{
    const Source source;
    const std::string same = "\xfe\0\0"s;  // 0 steps from the one before
    const std::string all_phases(3, '\0');
    const auto [before, again] = GENERATE_COPY(table<std::string, std::string>({
        {first(Source::file, 0), same + "\0\0"s},
        {first(Source::file, transfer) + no_basis, same + "\0\x80"s + no_basis},
        {done + first(Source::file, transfer) + no_basis, same + "\0\x80"s + no_basis},  // redo
        {all_phases + "\xff\x02\0\0\0\0\0"s, "\xff\xfe\0\0\0\0\0\0\0"s},
        {all_phases, done},
    }));

    const Ending ending = push_to(let_in([before = before, again = again](int socket) {
                                      std::string block;
                                      while (block.size() < 60'000) block += again;
                                      send_all(socket, daemon_says::stream(before));
                                      std::thread reader([socket] { listen_on_and_on(socket); });
                                      say_on_and_on(socket, daemon_says::stream(block));
                                      reader.join();
                                  }),
                                  source);

    INFO(ending.text);
    // More than all of DONE is a conversation that is over.
    if (again == done)
        CHECK_FALSE(ending.kind.has_value());
    else
        check_protocol_error(ending, "more than 1048 requests and reports for a list of 3");
}

TEST_CASE("a daemon that asks for a login without end is given one", "[wire][hostile]")
{
    const Source source;
    const Ending ending = push_to(
        [](int socket) {
            send_all(socket, daemon_says::greeting);
            say_on_and_on(socket, "@RSYNCD: AUTHREQD abcdefgh\n");
        },
        source);

    check_protocol_error(ending, "asks for it twice");
}

TEST_CASE("digests that nobody knows are told, and not all of them", "[wire][hostile]")
{
    const Source source;
    const std::string names(32767, '\x01');
    const Ending ending = push_to(
        [&](int socket) {
            send_all(socket,
                     daemon_says::greeting + daemon_says::ok + "\x81\xfe" + "\xff\xff" + names);
            listen_on_and_on(socket);
        },
        source);

    check_protocol_error(ending, "no checksum in common");
}

TEST_CASE("sums of a basis that is larger than any file of ours take bounded memory",
          "[wire][hostile]")
{
    const Source source;
    const std::string head = daemon_says::stream(first(Source::file, transfer) +
                                                 daemon_says::sum_head(1U << 27, 1 << 17, 16, 0));
    const Ending ending = push_to(let_in([&head](int socket) {
                                      send_all(socket, head);
                                      const std::string sums =
                                          daemon_says::stream(std::string(65520, 's'));
                                      for (int i = 0; i < 3000 && send_all(socket, sums); ++i)
                                          continue;
                                  }),
                                  source, 20s);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::unreachable);
}

TEST_CASE("requests with sums that nobody can answer yet take bounded memory", "[wire][hostile]")
{
    Source source;
    for (int i = 0; i < 100; ++i) {
        Entry entry = source.list.entries.back();
        entry.path = "gone" + std::to_string(i);
        entry.mode = 0100644;
        source.list.entries.push_back(entry);
    }
    // Large enough to be written for a while, and the daemon reads nothing of it.
    write_file(source.dir / "src/file", std::string(20'000'000, 'x'));
    const Ending ending = push_to(
        let_in([](int socket) {
            const std::string sums(1'000'000, 's');
            std::string index = first(Source::file, transfer).substr(0, 1);
            for (int i = 0; i < 100; ++i) {
                const std::string request = std::exchange(index, "\x01") + "\0\x80"s +
                                            daemon_says::sum_head(50'000, 700, 16, 0) + sums;
                for (std::size_t at = 0; at < request.size(); at += 60'000)
                    if (!send_all(socket, daemon_says::stream(request.substr(at, 60'000)))) return;
            }
            receive_some(socket, 1, 20s);
            while (send_all(socket, daemon_says::stream(""))) std::this_thread::sleep_for(20ms);
        }),
        source, 500ms);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::timeout);
}

TEST_CASE("values that are asked for again and again are not collected", "[wire][hostile]")
{
    Source source;
    source.options.xattrs = true;
    for (Entry& entry : source.list.entries)
        if (entry.is_regular()) entry.xattrs.edit() = {{"user.large", std::string(200'000, 'v')}};
    const Ending ending =
        push_to(let_in([](int socket) {
                    std::string reports = first(Source::file, 0x0100) + "\x01\0"s;
                    for (int i = 0; i < 900; ++i) reports += "\xfe\0\0\0\x01\x01\0"s;
                    send_all(socket, daemon_says::stream(reports));
                    receive_some(socket, 1, 10s);
                    // Reads no more, and says that it is there.
                    while (send_all(socket, daemon_says::stream("")))
                        std::this_thread::sleep_for(std::chrono::milliseconds(20));
                }),
                source, 200ms);

    INFO(ending.text);
    REQUIRE(ending.kind == ErrorKind::timeout);
}

TEST_CASE("a complaint about every path of a long list is heard to the last", "[wire][hostile]")
{
    Source source;
    constexpr int count = 15'000;
    source.list.entries.resize(1);
    for (int i = 0; i < count; ++i) {
        Entry& entry = source.list.entries.emplace_back();
        entry.path = "f" + std::to_string(i);
        entry.mode = 0100644;
    }
    const Ending ending = push_to(
        let_in([](int socket) {
            for (int i = 0; i < count; ++i)
                send_all(socket, daemon_says::frame(1, "rsync: [receiver] mkstemp \".f" +
                                                           std::to_string(i) +
                                                           ".AbCdEf\" (in m) failed: Permission "
                                                           "denied (13)\n"));
            send_all(socket, daemon_says::all_done());
            listen_on_and_on(socket);
        }),
        source, 20s);

    INFO(ending.text);
    REQUIRE_FALSE(ending.kind.has_value());
    CHECK(ending.outcome.failures.size() == count);
}
