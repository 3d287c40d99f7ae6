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
// Far above any release: what is larger is somebody's text.
constexpr int protocol_version_max = 255;
constexpr std::size_t motd_bytes_max = 256 * 1024;
constexpr std::size_t shown_bytes_max = 200;
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

// One handshake, step by step or ahead of the daemon's answers.
class Handshake {
public:
    Handshake(Stream& stream, const Endpoint& endpoint, const PushOptions& options,
              const Expected* expected, AllSaid all_said, Heard heard)
        : stream_(stream),
          endpoint_(endpoint),
          options_(options),
          expected_(expected),
          all_said_(std::move(all_said)),
          heard_(std::move(heard)),
          ours_(our_greeting(endpoint.protocol_max)),
          with_{stream, ByteReader(stream)}
    {
        if (expected_ != nullptr) agreed_.best_compress = expected_->best_compress;
        with_.in.on_heard([this] {
            if (said_ && heard_) heard_();
        });
    }

    asio::awaitable<Agreed> run()
    {
        {
            const Deadline deadline(stream_, std::min(endpoint_.timeout, login_limit), "login");
            if (is_program(endpoint_.reach)) {
                co_await exchange_versions();
            } else {
                co_await greet();
                co_await log_in();
            }
        }
        const Deadline deadline(stream_, endpoint_.timeout, "setup");
        co_await set_up();
        agreed_.received = with_.in.received();
        agreed_.rest = with_.in.take_rest();
        agreed_.received -= agreed_.rest.size();
        agreed_.sent = with_.sent;
        co_return std::move(agreed_);
    }

private:
    // The daemon's greeting needs no waiting for, nor does ours before the module's name.
    asio::awaitable<void> greet()
    {
        std::string hello = render(ours_) + endpoint_.module + "\n";
        if (expected_ != nullptr && !expected_->login)
            co_await say_all(std::move(hello), expected_->greeting, expected_->protocol);
        else
            co_await with_.say(std::move(hello));
        const std::string line = co_await with_.in.line("greeting", 1024);
        // A daemon may refuse a host before it greets.
        if (line.starts_with("@ERROR")) throw refusal(line, endpoint_.module, endpoint_.user);
        agreed_.greeting = parse_greeting(line);
        agreed_.protocol = agree_protocol(ours_, agreed_.greeting);
        if (said_) confirm(agreed_.greeting == expected_->greeting, "it greets otherwise");
    }

    // A program has its arguments already, and whoever may start it is logged in.
    asio::awaitable<void> exchange_versions()
    {
        Bytes ours;
        put_i32(ours, ours_.protocol);
        std::string hello(reinterpret_cast<const char*>(ours.data()), ours.size());
        co_await with_.say(std::move(hello));
        agreed_.greeting.protocol = co_await with_.in.i32("protocol version");
        const int theirs = agreed_.greeting.protocol;
        if (theirs < 0 || theirs > protocol_version_max) throw no_version(theirs);
        agreed_.protocol = agree_protocol(ours_, agreed_.greeting);
        agreed_.capability = program_capability(options_.compress);
        agreed_.compress = compressor_for(options_.compress, agreed_.capability);
    }

    // Most often a login script at the other end that prints something.
    Error no_version(std::int32_t value)
    {
        Bytes bytes;
        put_i32(bytes, value);
        const Bytes rest = with_.in.take_rest();
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        const std::string text(reinterpret_cast<const char*>(bytes.data()),
                               std::min(bytes.size(), shown_bytes_max));
        return {ErrorKind::protocol, Remedy::needs_person,
                "protocol version: the other end says " + quoted(text) +
                    ", which is no rsync's; does a login script there print something? (" +
                    stream_.peer() + ")"};
    }

    // Until "@RSYNCD: OK": the message of the day is skipped, a login asked for is given.
    asio::awaitable<void> log_in()
    {
        std::size_t motd_bytes = 0;
        for (;;) {
            const std::string line = co_await with_.in.line("login", line_bytes_max);
            const Reply reply = parse_reply(line);
            switch (reply.kind) {
                case ReplyKind::ok:
                    co_return;
                case ReplyKind::error:
                    throw refusal(line, endpoint_.module, endpoint_.user);
                case ReplyKind::exit:
                    throw Error(ErrorKind::protocol, Remedy::needs_person,
                                "login: the daemon listed its modules instead of opening " +
                                    quoted(endpoint_.module));
                case ReplyKind::motd:
                    motd_bytes += line.size() + 1;
                    if (motd_bytes > motd_bytes_max)
                        throw Error(ErrorKind::protocol, Remedy::retry,
                                    "login: message of the day longer than " +
                                        std::to_string(motd_bytes_max) + " bytes (" +
                                        stream_.peer() + ")");
                    break;
                case ReplyKind::auth_required:
                    confirm(!said_, "it asks for a login now");
                    if (agreed_.login)
                        throw Error(ErrorKind::protocol, Remedy::retry,
                                    "login: the daemon asks for it twice (" + stream_.peer() + ")");
                    co_await answer_challenge(reply.text);
                    break;
            }
        }
    }

    asio::awaitable<void> answer_challenge(std::string challenge)
    {
        if (endpoint_.user.empty() || !endpoint_.password)
            throw Error(ErrorKind::auth, Remedy::needs_person,
                        "module " + quoted(endpoint_.module) +
                            " asks for a login, and no user or no password_file is configured");
        const std::string digest = choose_auth_digest(ours_, agreed_.greeting, agreed_.protocol);
        std::string response =
            auth_response(endpoint_.user, *endpoint_.password, challenge, digest, agreed_.protocol);
        const bool first = !agreed_.login;
        agreed_.login = true;
        const bool as_expected = expected_ != nullptr && first && expected_->login &&
                                 expected_->greeting == agreed_.greeting &&
                                 expected_->protocol == agreed_.protocol;
        if (as_expected)
            co_await say_all(std::move(response), agreed_.greeting, agreed_.protocol);
        else
            co_await with_.say(std::move(response));
    }

    std::string arguments(const Greeting& theirs, int protocol)
    {
        agreed_.capability = capability_from(theirs, protocol);
        PushOptions said = options_;
        said.compress = compressor_for(options_.compress, agreed_.capability);
        agreed_.compress = said.compress;
        const std::vector<std::string> args =
            server_args(said, protocol, endpoint_.module, endpoint_.path, agreed_.capability);
        return render_args(args, protocol);
    }

    // Ours are written before theirs are read (PROTOCOL.md 24.2). A compressor that was chosen is
    // told as an option, and no list of these is exchanged.
    std::string names() const
    {
        Bytes bytes;
        put_vstring(bytes, our_checksum_list());
        if (negotiates_compressor()) put_vstring(bytes, our_compressor_list());
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    bool negotiates_compressor() const { return agreed_.compress == best_compressor; }

    // In one piece, so that it is one packet.
    asio::awaitable<void> say_all(std::string before, const Greeting& theirs, int protocol)
    {
        before += arguments(theirs, protocol);
        if (expected_->compat.varint) before += names();
        co_await with_.say(std::move(before));
        said_ = true;
        Agreed guess = agreed_;
        guess.greeting = expected_->greeting;
        guess.protocol = expected_->protocol;
        guess.login = expected_->login;
        guess.compat = expected_->compat;
        guess.checksum = expected_->checksum;
        if (negotiates_compressor()) guess.compress = expected_best();
        if (all_said_) all_said_(std::move(guess));
    }

    // A daemon that knows the names of digests has zstd, unless it was built without.
    std::string expected_best() const
    {
        return expected_->best_compress.empty() ? "zstd" : expected_->best_compress;
    }

    void confirm(bool right, const std::string& otherwise) const
    {
        if (!right) throw WrongGuess(otherwise + " (" + stream_.peer() + ")");
    }

    asio::awaitable<void> set_up()
    {
        if (!said_ && !is_program(endpoint_.reach)) {
            std::string block = arguments(agreed_.greeting, agreed_.protocol);
            co_await with_.say(std::move(block));
        }
        if (agreed_.protocol >= 30) {
            const std::int32_t flags = co_await with_.in.varint("setup: compat flags");
            agreed_.compat = compat_from(flags);
        }
        if (said_) confirm(agreed_.compat == expected_->compat, "it has other features");
        if (agreed_.compat.varint) {
            std::string ours = names();
            if (!said_) co_await with_.say(std::move(ours));
            co_await choose_checksum();
            if (negotiates_compressor()) co_await choose_compressor();
        } else {
            agreed_.checksum = agreed_.protocol >= 30 ? "md5" : "md4";
        }
        if (said_) confirm(agreed_.checksum == expected_->checksum, "it has other checksums");
        if (negotiates_compressor()) agreed_.compress = "zlib";  // without names, what -z means
        agreed_.seed = co_await with_.in.i32("setup: checksum seed");
    }

    asio::awaitable<void> choose_checksum()
    {
        const std::string offered = co_await with_.in.vstring("setup: checksum names");
        const std::string ours = our_checksum_list();
        agreed_.checksum = choose_name(ours, offered);
        if (agreed_.checksum.empty())
            throw Error(ErrorKind::protocol, Remedy::needs_person,
                        "setup: no checksum in common: the daemon offers " +
                            quoted(std::string_view(offered).substr(0, shown_bytes_max)) +
                            ", we have " + quoted(ours));
    }

    asio::awaitable<void> choose_compressor()
    {
        const std::string offered = co_await with_.in.vstring("setup: compressor names");
        agreed_.best_compress = choose_name(our_compressor_list(), offered);
        agreed_.compress = agreed_.best_compress.empty() ? "none" : agreed_.best_compress;
        if (said_) confirm(agreed_.compress == expected_best(), "it has other compressors");
    }

    Stream& stream_;
    const Endpoint& endpoint_;
    const PushOptions& options_;
    const Expected* expected_;  // null: step by step
    AllSaid all_said_;
    Heard heard_;
    Greeting ours_;
    Conversation with_;
    Agreed agreed_;
    bool said_ = false;  // all of ours, ahead of the daemon's answers
};

}  // namespace

asio::awaitable<Agreed> shake_hands(Stream& stream, const Endpoint& endpoint,
                                    const PushOptions& options)
{
    Handshake handshake(stream, endpoint, options, nullptr, nullptr, nullptr);
    Agreed agreed = co_await handshake.run();
    co_return agreed;
}

asio::awaitable<Agreed> shake_hands_ahead(Stream& stream, const Endpoint& endpoint,
                                          const PushOptions& options, const Expected& expected,
                                          AllSaid all_said, Heard heard)
{
    Handshake handshake(stream, endpoint, options, &expected, std::move(all_said),
                        std::move(heard));
    Agreed agreed = co_await handshake.run();
    co_return agreed;
}

Expected expected_next(const Agreed& agreed)
{
    return {agreed.greeting, agreed.protocol, agreed.login,
            agreed.compat,   agreed.checksum, agreed.best_compress};
}

}  // namespace lockstep::transport
