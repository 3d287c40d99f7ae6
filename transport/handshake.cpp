#include "transport/handshake.h"

#include "base/path.h"
#include "transport/args.h"
#include "transport/byte_reader.h"
#include "transport/capability.h"
#include "transport/deadline.h"
#include "transport/greeting.h"
#include "transport/login.h"
#include "transport/peer_text.h"

namespace lockstep::transport {
namespace {

constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t motd_bytes_max = 256 * 1024;
// A daemon may look up our name first, for ten seconds and more; beyond this it only keeps us
// waiting.
constexpr std::chrono::milliseconds login_limit{30'000};

struct Conversation {
    Stream& stream;
    ByteReader in;
    std::uint64_t sent = 0;

    asio::awaitable<void> say(std::string text)
    {
        sent += text.size();
        const std::span<const char> chars(text);
        co_await stream.write_all(std::as_bytes(chars));
    }
};

// Until "@RSYNCD: OK": the message of the day is skipped, a login asked for is given.
asio::awaitable<void> log_in(Conversation& with, const Endpoint& endpoint, Greeting ours,
                             Greeting theirs)
{
    const int protocol = agree_protocol(ours, theirs);
    std::size_t motd_bytes = 0;
    for (;;) {
        const std::string line = co_await with.in.line("login", line_bytes_max);
        const Reply reply = parse_reply(line);
        switch (reply.kind) {
            case ReplyKind::ok:
                co_return;
            case ReplyKind::error:
                throw refusal(line, endpoint.module, endpoint.user);
            case ReplyKind::exit:
                throw Error(ErrorKind::protocol, Remedy::needs_person,
                            "login: the daemon listed its modules instead of opening " +
                                quoted(endpoint.module));
            case ReplyKind::motd:
                motd_bytes += line.size() + 1;
                if (motd_bytes > motd_bytes_max)
                    throw Error(ErrorKind::protocol, Remedy::retry,
                                "login: message of the day longer than " +
                                    std::to_string(motd_bytes_max) + " bytes (" +
                                    with.stream.peer() + ")");
                break;
            case ReplyKind::auth_required: {
                if (endpoint.user.empty() || !endpoint.password)
                    throw Error(
                        ErrorKind::auth, Remedy::needs_person,
                        "module " + quoted(endpoint.module) +
                            " asks for a login, and no user or no password_file is configured");
                const std::string digest = choose_auth_digest(ours, theirs, protocol);
                std::string response =
                    auth_response(endpoint.user, *endpoint.password, reply.text, digest, protocol);
                co_await with.say(std::move(response));
                break;
            }
        }
    }
}

// Names of digests or compressors, ours written before theirs are read (PROTOCOL.md 24.2).
struct NameLists {
    std::string checksums;
    std::string compressors;  // empty: no such list is exchanged
};

Bytes render(const NameLists& lists)
{
    Bytes bytes;
    put_vstring(bytes, lists.checksums);
    if (!lists.compressors.empty()) put_vstring(bytes, lists.compressors);
    return bytes;
}

}  // namespace

asio::awaitable<Agreed> shake_hands(Stream& stream, const Endpoint& endpoint,
                                    const PushOptions& options)
{
    Conversation with{stream, ByteReader(stream)};
    Agreed agreed;
    Greeting theirs;
    const Greeting ours = our_greeting(endpoint.protocol_max);
    {
        const Deadline deadline(stream, std::min(endpoint.timeout, login_limit), "login");
        // The daemon's greeting needs no waiting for, nor does ours before the module's name.
        std::string hello = render(ours) + endpoint.module + "\n";
        co_await with.say(std::move(hello));
        const std::string line = co_await with.in.line("greeting", 1024);
        // A daemon may refuse a host before it greets.
        if (line.starts_with("@ERROR")) throw refusal(line, endpoint.module, endpoint.user);
        theirs = parse_greeting(line);
        agreed.protocol = agree_protocol(ours, theirs);
        co_await log_in(with, endpoint, ours, theirs);
    }

    const Deadline deadline(stream, endpoint.timeout, "setup");
    const Capability capability = capability_from(theirs, agreed.protocol);
    const std::vector<std::string> args =
        server_args(options, agreed.protocol, endpoint.module, endpoint.path, capability);
    std::string block = render_args(args, agreed.protocol);
    co_await with.say(std::move(block));

    if (agreed.protocol >= 30) {
        const std::int32_t flags = co_await with.in.varint("setup: compat flags");
        agreed.compat = compat_from(flags);
    }
    agreed.compress = options.compress;
    if (agreed.compat.varint) {
        NameLists lists;
        lists.checksums = our_checksum_list();
        const Bytes ours_rendered = render(lists);
        with.sent += ours_rendered.size();
        co_await stream.write_all(ours_rendered);
        const std::string offered = co_await with.in.vstring("setup: checksum names");
        agreed.checksum = choose_name(lists.checksums, offered);
        if (agreed.checksum.empty())
            throw Error(ErrorKind::protocol, Remedy::needs_person,
                        "setup: no checksum in common: the daemon offers " + quoted(offered) +
                            ", we have " + quoted(lists.checksums));
    } else {
        agreed.checksum = agreed.protocol >= 30 ? "md5" : "md4";
    }
    agreed.seed = co_await with.in.i32("setup: checksum seed");
    agreed.received = with.in.received();
    agreed.rest = with.in.take_rest();
    agreed.received -= agreed.rest.size();
    agreed.sent = with.sent;
    co_return agreed;
}

}  // namespace lockstep::transport
