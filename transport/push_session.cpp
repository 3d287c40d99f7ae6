#include "transport/push_session.h"

#include "base/path.h"
#include "transport/answer.h"
#include "transport/args.h"
#include "transport/deadline.h"
#include "transport/echo.h"
#include "transport/filter_rules.h"
#include "transport/flist.h"
#include "transport/handshake.h"
#include "transport/id_names.h"
#include "transport/inbox.h"
#include "transport/outbox.h"
#include "transport/outcome.h"
#include "transport/peer_text.h"
#include "transport/stream_tcp.h"

#include <fcntl.h>

namespace lockstep::transport {
namespace {

// One push, from the filter rules to the final goodbye. Lives for one call of push().
class Push {
public:
    Push(const PushList& list, const Beneath& source, const Endpoint& endpoint,
         const PushOptions& options, const Agreed& agreed, Inbox& inbox, Stream& stream,
         Progress* progress)
        : list_(list),
          source_(source),
          endpoint_(endpoint),
          options_(options),
          agreed_(agreed),
          inbox_(inbox),
          stream_(stream),
          progress_(progress),
          out_(stream, agreed.protocol >= 30),
          ndx_out_(agreed.protocol),
          flist_(flist_form()),
          answerer_(answer_form(), delta::make_token_codec(agreed.compress, 0, agreed.protocol)),
          outcome_(list, endpoint.module, endpoint.path, !options.filter_rules.empty())
    {
    }

    asio::awaitable<PushOutcome> run()
    {
        Deadline idle(stream_, endpoint_.timeout, "push");
        idle_ = &idle;
        inbox_.on_activity([&idle] { idle.progress(); });
        std::exception_ptr failure;
        try {
            co_await send_list();
            co_await converse();
        } catch (...) {
            failure = std::current_exception();
        }
        inbox_.on_activity(nullptr);
        if (failure) co_await hear_last_words();
        hear();
        if (failure) rethrow_explained(failure);
        PushFigures figures = figures_;
        figures.bytes_sent = agreed_.sent + out_.sent();
        figures.bytes_received = agreed_.received + inbox_.received();
        figures.literal_bytes = answerer_.literal_bytes();
        figures.matched_bytes = answerer_.matched_bytes();
        co_return outcome_.take(figures);
    }

private:
    FlistForm flist_form() const
    {
        FlistForm form;
        form.protocol = agreed_.protocol;
        form.varint_flags = agreed_.compat.varint;
        form.safe_end = agreed_.compat.safe_flist || agreed_.protocol >= 31;
        form.id0_names = agreed_.compat.id0_names;
        form.links = options_.links;
        form.owner = options_.owner;
        form.group = options_.group;
        form.devices = options_.devices;
        form.specials = options_.specials;
        form.hard_links = options_.hard_links;
        form.acls = options_.acls;
        form.xattrs = options_.xattrs;
        form.numeric_ids = options_.numeric_ids;
        if (!options_.numeric_ids) form.names = system_id_names();
        if (options_.checksum) form.checksum_bytes = delta::digest_bytes(digest());
        return form;
    }

    AnswerForm answer_form() const
    {
        AnswerForm form;
        form.protocol = agreed_.protocol;
        form.digest = digest();
        form.seed = agreed_.seed;
        form.seed_place =
            seed_place(digest(), agreed_.compat.checksum_seed_fix || agreed_.compat.varint);
        return form;
    }

    delta::Digest digest() const
    {
        const std::optional<delta::Digest> known = delta::digest_from_name(agreed_.checksum);
        if (!known)
            throw Error(ErrorKind::protocol, Remedy::needs_person,
                        "setup: unknown checksum " + quoted(agreed_.checksum));
        return *known;
    }

    int maxphase() const noexcept { return agreed_.protocol >= 29 ? 2 : 1; }

    // ---- the list

    // Digest for the receiver's comparison with -c; all zero, which never matches, when it cannot
    // be read.
    std::vector<std::byte> list_digest(const Entry& entry) const
    {
        const std::size_t length = delta::digest_bytes(digest());
        std::vector<std::byte> result(length);
        const Opened opened = source_.open_file(entry.path);
        if (!opened.fd) return result;
        delta::FileDigest whole(digest());
        std::vector<std::byte> chunk(std::size_t{256} * 1024);
        for (;;) {
            const ssize_t got = ::read(opened.fd.get(), chunk.data(), chunk.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return result;
            if (got == 0) break;
            whole.update(std::span(chunk).first(static_cast<std::size_t>(got)));
        }
        const delta::Sum sum = whole.finish();
        std::copy_n(sum.begin(), length, result.begin());
        return result;
    }

    asio::awaitable<void> send_list()
    {
        order_ = sorted_order(list_.entries, agreed_.protocol);
        RequestForm form;
        form.protocol = agreed_.protocol;
        form.xattrs = options_.xattrs;
        form.avoid_xattr_optim = agreed_.compat.avoid_xattr_optim;
        form.entries = static_cast<std::int32_t>(list_.entries.size());
        form.strong_bytes_max = std::min<std::size_t>(delta::digest_bytes(digest()), 16);
        inbox_.expect(form);

        if (wants_filter_rules(options_))
            put_filter_rules(out_.data(), options_.filter_rules, agreed_.protocol);
        for (const Entry& entry : list_.entries) {
            std::vector<std::byte> sum;
            if (options_.checksum && entry.is_regular()) sum = list_digest(entry);
            flist_.add(entry, out_.data(), sum);
            if (out_.data().size() >= Outbox::flush_bytes) {
                co_await out_.flush();
                idle_->progress();
            }
        }
        flist_.end(list_.io_error, out_.data());
        co_await out_.flush();
        idle_->progress();
    }

    // ---- requests and answers

    asio::awaitable<void> converse()
    {
        int phase = 0;
        while (phase <= maxphase()) {
            std::optional<GeneratorItem> item = co_await next();
            const Request* request = std::get_if<Request>(&*item);
            if (request != nullptr) {
                co_await answer(*request, phase);
            } else if (std::holds_alternative<Done>(*item)) {
                ++phase;
                if (phase <= maxphase()) ndx_out_.put(out_.data(), ndx_done);
            } else {
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "deletion statistics in the middle of the transfer");
            }
        }
        co_await say_goodbye();
    }

    asio::awaitable<void> say_goodbye()
    {
        if (unreadable_) {
            Bytes bits;
            put_i32(bits, 1);
            co_await out_.message(Tag::io_error, std::move(bits));
        }
        ndx_out_.put(out_.data(), ndx_done);
        if (agreed_.protocol >= 31) {
            co_await expect_done();
            ndx_out_.put(out_.data(), ndx_done);
        }
        co_await expect_done();
    }

    asio::awaitable<void> expect_done()
    {
        for (;;) {
            std::optional<GeneratorItem> item = co_await next();
            if (std::holds_alternative<Done>(*item)) co_return;
            if (const DelStats* stats = std::get_if<DelStats>(&*item)) {
                figures_.files_deleted =
                    stats->files + stats->dirs + stats->symlinks + stats->devices + stats->specials;
                continue;
            }
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "a request after the end of all phases");
        }
    }

    // The next item; what we have to say goes out before we wait, and a sign of life while we do.
    asio::awaitable<std::optional<GeneratorItem>> next()
    {
        for (;;) {
            std::optional<GeneratorItem> item = inbox_.take();
            if (item) co_return item;
            co_await out_.flush();
            const bool arrived = co_await inbox_.wait_for(keepalive_interval());
            if (!arrived) co_await out_.keepalive();
        }
    }

    std::chrono::milliseconds keepalive_interval() const
    {
        std::chrono::milliseconds limit = endpoint_.timeout;
        const std::chrono::milliseconds theirs = inbox_.peer_timeout();
        if (theirs.count() > 0) limit = std::min(limit, theirs);
        return std::max(limit / 3, std::chrono::milliseconds(100));
    }

    asio::awaitable<void> answer(const Request& request, int phase)
    {
        const Entry& entry = list_.entries[order_[static_cast<std::size_t>(request.ndx)]];
        if (!request.wants_transfer()) {
            put_echo(out_.data(), ndx_out_, request, xattr_values(request), agreed_.protocol);
            co_return;
        }
        if (phase == 2)
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "a transfer request for " + quoted(entry.path) + " in the last phase");
        if (!entry.is_regular())
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "the daemon asked for the content of " + quoted(entry.path) +
                            ", which is no regular file");
        Opened opened = source_.open_file(entry.path);
        if (!opened.fd) {
            co_await decline(request, entry, opened.error);
            co_return;
        }
        put_echo(out_.data(), ndx_out_, request, xattr_values(request), agreed_.protocol);
        std::optional<PathFailure> failure =
            co_await answerer_.send(entry.path, std::move(opened.fd), request, out_);
        idle_->progress();
        if (failure) {
            unreadable_ = true;
            outcome_.failed(std::move(*failure));
            co_return;
        }
        ++figures_.files_sent;
        if (progress_ != nullptr) {
            progress_->files_done.fetch_add(1, std::memory_order_relaxed);
            progress_->bytes_done.fetch_add(entry.size, std::memory_order_relaxed);
        }
    }

    asio::awaitable<void> decline(const Request& request, const Entry& entry, int error)
    {
        PathFailure failure;
        failure.path = entry.path;
        failure.vanished = error == ENOENT || error == ENOTDIR || error == ELOOP ||
                           error == EISDIR || error == EINVAL || error == EXDEV;
        failure.kind = failure.vanished                    ? ErrorKind::vanished
                       : error == EACCES || error == EPERM ? ErrorKind::permission
                                                           : ErrorKind::local;
        failure.message = describe_errno("open", entry.path, error);
        outcome_.failed(std::move(failure));
        unreadable_ = true;
        if (agreed_.protocol >= 30) {
            Bytes ndx;
            put_i32(ndx, request.ndx);
            co_await out_.message(Tag::no_send, std::move(ndx));
        }
    }

    std::vector<std::string> xattr_values(const Request& request) const
    {
        std::vector<std::string> values;
        const std::uint32_t position = order_[static_cast<std::size_t>(request.ndx)];
        for (const std::int32_t number : request.xattrs_wanted) {
            const std::string* value = flist_.xattr_value(position, number);
            if (value == nullptr)
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "the daemon asked for attribute " + std::to_string(number) + " of " +
                                quoted(list_.entries[position].path) + ", which has none such");
            values.push_back(*value);
        }
        return values;
    }

    // ---- the end

    // A write may fail before the reader has seen why the daemon hung up.
    asio::awaitable<void> hear_last_words()
    {
        for (int i = 0; i < 10 && !inbox_.failed(); ++i) {
            const bool arrived = co_await inbox_.settle_for(std::chrono::milliseconds(50));
            if (!arrived) co_return;
        }
    }

    void hear()
    {
        for (const Message& message : inbox_.take_messages()) outcome_.heard(message);
    }

    // A broken session is told by what the daemon said before it broke.
    [[noreturn]] void rethrow_explained(const std::exception_ptr& failure)
    {
        const std::string& complaint = outcome_.cause();
        try {
            std::rethrow_exception(failure);
        } catch (const Error& error) {
            if (complaint.empty() || error.kind() == ErrorKind::timeout) throw;
            throw refusal(complaint, endpoint_.module, endpoint_.user);
        }
    }

    const PushList& list_;
    const Beneath& source_;
    const Endpoint& endpoint_;
    const PushOptions& options_;
    const Agreed& agreed_;
    Inbox& inbox_;
    Stream& stream_;
    Progress* progress_;
    Outbox out_;
    NdxWriter ndx_out_;
    FlistEncoder flist_;
    Answerer answerer_;
    OutcomeBuilder outcome_;
    std::vector<std::uint32_t> order_;
    PushFigures figures_;
    Deadline* idle_ = nullptr;
    bool unreadable_ = false;
};

class Session final : public PushSession {
public:
    Session(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options, Agreed agreed)
        : stream_(std::move(stream)),
          endpoint_(std::move(endpoint)),
          options_(std::move(options)),
          agreed_(std::move(agreed)),
          inbox_(std::make_shared<Inbox>(stream_))
    {
        facts_.protocol = agreed_.protocol;
        facts_.checksum = agreed_.checksum;
        facts_.compress = agreed_.compress;
        inbox_->start(std::exchange(agreed_.rest, {}));
    }

    ~Session() override
    {
        stream_->fail(std::make_exception_ptr(
            Error(ErrorKind::unreachable, Remedy::retry, "session closed by us")));
    }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const PeerFacts& peer() const override { return facts_; }
    bool usable() const override { return !inbox_->failed(); }

    asio::awaitable<PushOutcome> push(PushList list, const Beneath& source,
                                      Progress* progress) override
    {
        Push push(list, source, endpoint_, options_, agreed_, *inbox_, *stream_, progress);
        PushOutcome outcome = co_await push.run();
        co_return outcome;
    }

private:
    std::shared_ptr<Stream> stream_;
    Endpoint endpoint_;
    PushOptions options_;
    Agreed agreed_;
    PeerFacts facts_;
    std::shared_ptr<Inbox> inbox_;
};

}  // namespace

asio::awaitable<std::unique_ptr<PushSession>> connect_over(std::unique_ptr<Stream> stream,
                                                           Endpoint endpoint, PushOptions options)
{
    const std::shared_ptr<Stream> shared = std::move(stream);
    Agreed agreed = co_await shake_hands(*shared, endpoint, options);
    co_return std::make_unique<Session>(shared, std::move(endpoint), std::move(options),
                                        std::move(agreed));
}

asio::awaitable<std::unique_ptr<PushSession>> connect(Endpoint endpoint, PushOptions options)
{
    std::unique_ptr<Stream> stream =
        co_await connect_tcp(endpoint.host, endpoint.port, endpoint.timeout);
    std::unique_ptr<PushSession> session =
        co_await connect_over(std::move(stream), std::move(endpoint), std::move(options));
    co_return session;
}

}  // namespace lockstep::transport
