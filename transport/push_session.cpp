#include "transport/push_session.h"

#include "base/failure.h"
#include "base/log.h"
#include "base/path.h"
#include "transport/answer.h"
#include "transport/args.h"
#include "transport/deadline.h"
#include "transport/echo.h"
#include "transport/filter_rules.h"
#include "transport/flist.h"
#include "transport/give_way.h"
#include "transport/handshake.h"
#include "transport/id_names.h"
#include "transport/inbox.h"
#include "transport/line.h"
#include "transport/opening.h"
#include "transport/outbox.h"
#include "transport/outcome.h"
#include "transport/peer_text.h"
#include "transport/unmarked.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace lockstep::transport {
namespace {

// The smaller limit counts (PROTOCOL.md 8.4).
std::chrono::milliseconds idle_limit_of(const Endpoint& endpoint, const Inbox& inbox)
{
    const std::chrono::milliseconds theirs = inbox.peer_timeout();
    return theirs.count() > 0 ? std::min(endpoint.timeout, theirs) : endpoint.timeout;
}

// While it lives, what the daemon says goes where it is understood.
class Hearing {
public:
    Hearing(Inbox& inbox, OutcomeBuilder& outcome) : inbox_(inbox)
    {
        inbox_.on_message([&outcome](const Message& message) { outcome.heard(message); });
    }
    ~Hearing() { inbox_.on_message(nullptr); }
    Hearing(const Hearing&) = delete;
    Hearing& operator=(const Hearing&) = delete;

private:
    Inbox& inbox_;
};

// One push, from the filter rules to the final goodbye. Lives for one call of push().
class Push {
public:
    Push(const PushList& list, Contents& contents, const Endpoint& endpoint,
         const PushOptions& options, const Agreed& agreed, Inbox& inbox, Stream& stream,
         Progress* progress)
        : unmarked_(says_marks_as_rules(options, agreed.capability)
                        ? std::optional(without_marks(list, agreed.protocol))
                        : std::nullopt),
          list_(unmarked_ ? unmarked_->list : list),
          contents_(contents),
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
        Deadline stuck(stream_, stuck_limit(), "push, the daemon only says that it is there");
        idle_ = &idle;
        stuck_ = &stuck;
        inbox_.on_activity([&idle, &stuck](bool told) {
            idle.progress();
            if (told) stuck.progress();
        });
        // A line that takes what we say, however slowly, is alive.
        stream_.on_written([this] {
            if (!only_alive_) moved();
        });
        // As they come: each is about a path of the list, and there may be many.
        const Hearing hearing(inbox_, outcome_);
        std::exception_ptr failure;
        try {
            co_await send_list();
            if (nothing_to_ask()) {
                say_all_done();
                co_await hear_out();
            } else {
                co_await converse();
            }
        } catch (...) {
            failure = std::current_exception();
        }
        inbox_.on_activity(nullptr);
        stream_.on_written(nullptr);
        if (failure) co_await hear_last_words();
        // That the line broke says least of all: what was read before it did says why.
        if (kind_of(failure) == ErrorKind::unreachable && inbox_.failed())
            failure = inbox_.failure();
        if (failure) rethrow_explained(failure);
        PushFigures figures = figures_;
        figures.bytes_sent = agreed_.sent + out_.sent();
        figures.bytes_received = agreed_.received + inbox_.received();
        figures.literal_bytes = answerer_.literal_bytes();
        figures.matched_bytes = answerer_.matched_bytes();
        learn_speed();
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
        form.overwrites = options_.way != Way::usual;
        form.overwrites_parts = agreed_.compat.inplace_partial_dir;
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

    void learn_speed()
    {
        const std::optional<LineFigures> line = stream_.figures();
        if (!endpoint_.speed || !line) return;
        const bool before = endpoint_.speed->compresses();
        endpoint_.speed->learn(*line);
        if (endpoint_.speed->compresses() == before) return;
        const auto rate = static_cast<std::uint64_t>(endpoint_.speed->measured().value_or(0));
        log::debug("push",
                   std::string(before ? "the line is fast, compressing would only delay"
                                      : "the line is slow, compressing pays"),
                   {{"peer", stream_.peer()}, {"bytes_per_second", std::to_string(rate)}});
    }

    void moved() noexcept
    {
        idle_->progress();
        stuck_->progress();
    }

    // A daemon that is alive and wants nothing may be writing or comparing a large file; what takes
    // longer than that is waiting for something that will not come. What is sent unasked is small.
    // More than once the time-out, so that a line which dies behind a sign of life is a silent one.
    std::chrono::milliseconds stuck_limit() const
    {
        constexpr std::uint64_t slowest_bytes_per_ms = 4 * 1024;
        std::uint64_t largest = 0;
        bool waits = false;
        for (const Entry& entry : list_.entries) {
            if (!entry.is_regular()) continue;
            largest = std::max(largest, entry.size);
            waits = waits || entry.unasked == Unasked::no;
        }
        const int time_outs = waits ? 10 : 2;
        return time_outs * endpoint_.timeout +
               std::chrono::milliseconds(largest / slowest_bytes_per_ms);
    }

    // Older daemons are not told to (args.h), and send the sums of what they have.
    bool appends() const noexcept { return options_.way == Way::append && agreed_.protocol >= 30; }

    int maxphase() const noexcept { return agreed_.protocol >= 29 ? 2 : 1; }

    // ---- the list

    // Digest for the receiver's comparison with -c; all zero, which never matches, when it cannot
    // be read.
    asio::awaitable<Bytes> list_digest(const Entry& entry)
    {
        const std::size_t length = delta::digest_bytes(digest());
        Bytes result(length);
        const Content content = content_of(entry);
        if (content.error != 0) co_return result;
        delta::FileDigest whole(digest());
        ContentReader reading(content, {});
        Bytes room(reading.room_wanted());
        Turn turn;
        for (std::span<const std::byte> bytes = reading.next(room); !bytes.empty();
             bytes = reading.next(room)) {
            whole.update(bytes);
            if (turn.is_over_after(bytes.size())) co_await give_way();
        }
        if (reading.error() != 0) co_return result;
        const delta::Sum sum = whole.finish();
        std::copy_n(sum.begin(), length, result.begin());
        co_return result;
    }

    asio::awaitable<void> send_list()
    {
        order_ = sorted_order(list_.entries, agreed_.protocol);
        RequestForm form;
        form.protocol = agreed_.protocol;
        form.xattrs = options_.xattrs;
        form.avoid_xattr_optim = agreed_.compat.avoid_xattr_optim;
        form.append = appends();
        form.entries = static_cast<std::int32_t>(list_.entries.size());
        form.strong_bytes_max = std::min<std::size_t>(delta::digest_bytes(digest()), 16);
        for (const Entry& entry : list_.entries)
            if (entry.is_regular())
                form.largest_file_bytes = std::max(form.largest_file_bytes, entry.size);
        inbox_.expect(form);

        if (wants_filter_rules(options_, agreed_.capability)) {
            std::vector<std::string> rules;
            if (unmarked_) rules = unmarked_->rules;
            rules.insert(rules.end(), options_.filter_rules.begin(), options_.filter_rules.end());
            put_filter_rules(out_.data(), rules, agreed_.protocol);
        }
        const std::vector<std::uint32_t> sending = sending_order(list_.entries);
        sent_as_.resize(sending.size());
        for (std::uint32_t number = 0; number < sending.size(); ++number) {
            const Entry& entry = list_.entries[sending[number]];
            sent_as_[sending[number]] = number;
            Bytes sum;
            if (options_.checksum && entry.is_regular()) sum = co_await list_digest(entry);
            flist_.add(entry, out_.data(), sum);
            if (out_.data().size() >= Outbox::flush_bytes) {
                co_await out_.flush();
                moved();
            }
        }
        flist_.end(list_.io_error, out_.data());
        if (agreed_.protocol >= 30) co_await send_unasked();
        co_await out_.flush();
        moved();
    }

    // The receiver does not check that a file was requested; the generator's request for it comes
    // all the same, and is dropped (PROTOCOL.md 24.3). What cannot be opened now waits to be asked
    // for.
    asio::awaitable<void> send_unasked()
    {
        for (std::size_t ndx = 0; ndx < order_.size(); ++ndx) {
            const Entry& entry = list_.entries[order_[ndx]];
            if (entry.unasked == Unasked::no) continue;
            Content content = content_of(entry);
            if (content.error != 0) continue;
            Request request;
            request.ndx = static_cast<std::int32_t>(ndx);
            request.iflags = iflag_transfer | iflag_is_new;
            put_echo(out_.data(), ndx_out_, request, {}, agreed_.protocol);
            unasked_.insert(request.ndx);
            co_await send_content(request, entry, std::move(content));
        }
    }

    // ---- requests and answers

    void note_tails()
    {
        for (std::size_t ndx = 0; ndx < order_.size(); ++ndx)
            if (list_.entries[order_[ndx]].append_from > 0)
                tails_.insert(static_cast<std::int32_t>(ndx));
    }

    asio::awaitable<void> converse()
    {
        if (appends()) note_tails();
        while (phase_ <= maxphase()) {
            std::optional<GeneratorItem> item = co_await next();
            const Request* request = std::get_if<Request>(&*item);
            if (request != nullptr) {
                co_await answer(*request);
            } else if (std::holds_alternative<Done>(*item)) {
                ++phase_;
                if (phase_ <= maxphase()) ndx_out_.put(out_.data(), ndx_done);
            } else {
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "deletion statistics in the middle of the transfer");
            }
        }
        for (const std::int32_t ndx : tails_) passed_over(ndx);
        co_await say_goodbye();
    }

    // All content is on its way: then the DONEs may be too (PROTOCOL.md 24.4), and the final
    // goodbye comes after one round trip instead of three. With xattrs a report may ask for values.
    bool nothing_to_ask() const
    {
        if (agreed_.protocol < 30 || options_.xattrs || unreadable_) return false;
        const auto regular = std::count_if(list_.entries.begin(), list_.entries.end(),
                                           [](const Entry& entry) { return entry.is_regular(); });
        return static_cast<std::size_t>(regular) == unasked_.size();
    }

    void say_all_done()
    {
        const int count = maxphase() + 1 + (agreed_.protocol >= 31 ? 1 : 0);
        for (int i = 0; i < count; ++i) ndx_out_.put(out_.data(), ndx_done);
    }

    // What is asked for all the same has not arrived as it was sent, and is looked at again.
    asio::awaitable<void> hear_out()
    {
        while (phase_ <= maxphase()) {
            std::optional<GeneratorItem> item = co_await next();
            const Request* request = std::get_if<Request>(&*item);
            if (request != nullptr) {
                if (request->wants_transfer() && !is_answered(*request)) missed(*request);
            } else if (std::holds_alternative<Done>(*item)) {
                ++phase_;
            } else {
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "deletion statistics in the middle of the transfer");
            }
        }
        if (agreed_.protocol >= 31) co_await expect_done();
        co_await expect_done();
    }

    void missed(const Request& request) { once_more(request.ndx, "asked for again: "); }

    // No error: another look, another way.
    void once_more(std::int32_t ndx, std::string_view why)
    {
        PathFailure failure;
        failure.path = list_.entries[order_[static_cast<std::size_t>(ndx)]].path;
        failure.vanished = true;
        failure.message = std::string(why) + quoted(failure.path);
        outcome_.failed(std::move(failure));
    }

    // Where the destination has as many bytes as we have, or more, nobody asks (PROTOCOL.md 16.8).
    void passed_over(std::int32_t ndx) { once_more(ndx, "nothing was asked for of "); }

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
            if (item) {
                if (++heard_ > heard_max())
                    throw Error(ErrorKind::protocol, Remedy::retry,
                                "more than " + std::to_string(heard_max()) +
                                    " requests and reports for a list of " +
                                    std::to_string(list_.entries.size()));
                co_return item;
            }
            const bool said = !out_.data().empty();
            co_await out_.flush();
            const bool owed = inbox_.take_owed();
            if (owed && !said) co_await say_alive();
            const bool arrived = co_await inbox_.wait_for(keepalive_interval());
            if (!arrived) co_await say_alive();
        }
    }

    // A generator comes to an entry once a phase, to report it and to ask for it.
    std::uint64_t heard_max() const noexcept
    {
        return 1000 + 16 * std::uint64_t{list_.entries.size()};
    }

    // Which is no progress of ours.
    asio::awaitable<void> say_alive()
    {
        only_alive_ = true;
        co_await out_.keepalive();
        only_alive_ = false;
    }

    std::chrono::milliseconds keepalive_interval() const
    {
        return std::max(idle_limit_of(endpoint_, inbox_) / 3, std::chrono::milliseconds(100));
    }

    // Asked for again in the next phase, it did not arrive well; asked for as new where it was to
    // replace a file, something else was in its place and has been removed since, and perhaps what
    // we sent with it.
    bool is_answered(const Request& request)
    {
        if (phase_ != 0 || unasked_.erase(request.ndx) == 0) return false;
        const Entry& entry = list_.entries[order_[static_cast<std::size_t>(request.ndx)]];
        return entry.unasked == Unasked::new_file || (request.iflags & iflag_is_new) == 0;
    }

    Content content_of(const Entry& entry)
    {
        if (!entry.only_there) return contents_.open(entry);
        Content none;
        none.error = ENOENT;
        return none;
    }

    asio::awaitable<void> answer(const Request& request)
    {
        const Entry& entry = list_.entries[order_[static_cast<std::size_t>(request.ndx)]];
        if (request.wants_transfer() && is_answered(request)) co_return;
        if (!request.wants_transfer()) {
            put_echo(out_.data(), ndx_out_, request, xattr_values(request), agreed_.protocol);
            co_await out_.flush_if_large();
            co_return;
        }
        answerer_.know_seed(agreed_.seed);  // has come before any request
        if (phase_ == 2)
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "a transfer request for " + quoted(entry.path) + " in the last phase");
        if (!entry.is_regular())
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "the daemon asked for the content of " + quoted(entry.path) +
                            ", which is no regular file");
        const bool tail = appends() && phase_ == 0;
        if (tail) tails_.erase(request.ndx);
        if (tail && request.sums.basis_bytes() != entry.append_from) {
            once_more(request.ndx, "the destination has another part of ");
            co_await say_unsent(request);
            co_return;
        }
        Content content = content_of(entry);
        if (content.error != 0) {
            co_await decline(request, entry, content.error);
            co_return;
        }
        put_echo(out_.data(), ndx_out_, request, xattr_values(request), agreed_.protocol);
        co_await send_content(request, entry, std::move(content));
    }

    asio::awaitable<void> send_content(const Request& request, const Entry& entry, Content content)
    {
        Extent extent;
        if (entry.as_listed) extent.end = entry.size;
        if (appends() && phase_ == 0) extent.from = entry.append_from;
        std::optional<PathFailure> failure =
            co_await answerer_.send(entry.path, std::move(content), extent, request, out_);
        moved();
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
        co_await say_unsent(request);
    }

    asio::awaitable<void> say_unsent(const Request& request)
    {
        if (agreed_.protocol < 30) co_return;
        Bytes ndx;
        put_i32(ndx, request.ndx);
        co_await out_.message(Tag::no_send, std::move(ndx));
    }

    std::vector<std::string> xattr_values(const Request& request) const
    {
        std::vector<std::string> values;
        const std::uint32_t position = order_[static_cast<std::size_t>(request.ndx)];
        for (const std::int32_t number : request.xattrs_wanted) {
            const std::string* value = flist_.xattr_value(sent_as_[position], number);
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

    // What was under way when nothing came any more.
    std::string how_far() const
    {
        return "; sent " + std::to_string(out_.sent()) + " bytes for " +
               std::to_string(list_.entries.size()) + " entries, " +
               std::to_string(figures_.files_sent) + " with content, of which " +
               std::to_string(unasked_.size()) + " were not asked for; heard " +
               std::to_string(heard_) + " requests, in phase " + std::to_string(phase_) +
               ", and read " + std::to_string(inbox_.received()) + " bytes";
    }

    // A broken session is told by what the daemon said before it broke.
    [[noreturn]] void rethrow_explained(const std::exception_ptr& failure)
    {
        const std::string& complaint = outcome_.cause();
        try {
            std::rethrow_exception(failure);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::timeout)
                throw Error(error.kind(), error.remedy(), error.what() + how_far());
            if (complaint.empty()) throw;
            const Error why = refusal(complaint, endpoint_.module, endpoint_.user);
            std::optional<std::string> path = outcome_.path_of_cause();
            if (path) throw EndedByPath(why, std::move(*path));
            throw Error(why);
        }
    }

    std::optional<Unmarked> unmarked_;  // where rules stand for the marks
    const PushList& list_;              // as it is sent
    Contents& contents_;
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
    std::vector<std::uint32_t> order_;    // positions in the list by index at the receiver
    std::vector<std::uint32_t> sent_as_;  // by position: the how-manieth it was sent as
    PushFigures figures_;
    int phase_ = 0;
    std::uint64_t heard_ = 0;
    Deadline* idle_ = nullptr;
    Deadline* stuck_ = nullptr;
    bool unreadable_ = false;
    bool only_alive_ = false;                   // what is being written says nothing else
    std::unordered_set<std::int32_t> unasked_;  // sent, and not yet asked for
    std::set<std::int32_t> tails_;              // to be appended, and not yet asked for
};

class Session final : public PushSession {
public:
    Session(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options, Agreed agreed)
        : Session(std::move(stream), std::move(endpoint), std::move(options), std::move(agreed),
                  nullptr)
    {
        settle(std::move(agreed_));
    }

    // `agreed` is what `opening` will find, if the guess is right.
    Session(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options, Agreed agreed,
            std::shared_ptr<Opening> opening)
        : stream_(std::move(stream)),
          endpoint_(std::move(endpoint)),
          options_(std::move(options)),
          agreed_(std::move(agreed)),
          inbox_(std::make_shared<Inbox>(stream_)),
          opening_(std::move(opening))
    {
        facts_.protocol = agreed_.protocol;
        facts_.checksum = agreed_.checksum;
        facts_.compress = agreed_.compress;
        if (!opening_) return;
        opening_->on_heard([this] { inbox_->owe_sign(); });
        opening_->on_end([this](Agreed found, std::exception_ptr failure) {
            if (failure)
                inbox_->fail(std::move(failure));
            else
                settle(std::move(found));
        });
    }

    ~Session() override
    {
        if (opening_) {
            opening_->on_end(nullptr);
            opening_->on_heard(nullptr);
        }
        const auto closed = std::make_exception_ptr(
            Error(ErrorKind::unreachable, Remedy::retry, "session closed by us"));
        stream_->fail(closed);
        inbox_->fail(closed);
    }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const PeerFacts& peer() const override { return facts_; }
    bool usable() const override { return !inbox_->failed(); }
    std::exception_ptr failure() const override { return inbox_->failure(); }
    std::optional<Expected> expected() const override
    {
        if (!settled_) return std::nullopt;
        return expected_next(agreed_);
    }

    std::chrono::milliseconds idle_limit() const override
    {
        return idle_limit_of(endpoint_, *inbox_);
    }

    asio::awaitable<bool> keep_alive() override
    {
        if (agreed_.protocol < 30) co_return false;
        Outbox out(*stream_, true);
        co_await out.keepalive();
        agreed_.sent += out.sent();
        co_return true;
    }

    asio::awaitable<PushOutcome> push(const PushList& list, Contents& contents,
                                      Progress* progress) override
    {
        Push push(list, contents, endpoint_, options_, agreed_, *inbox_, *stream_, progress);
        PushOutcome outcome = co_await push.run();
        co_return outcome;
    }

private:
    // A push may be under way: it reads the seed once somebody asks it for something.
    void settle(Agreed agreed)
    {
        agreed.sent = std::max(agreed.sent, agreed_.sent);
        agreed_ = std::move(agreed);
        settled_ = true;
        inbox_->start(std::exchange(agreed_.rest, {}));
    }

    std::shared_ptr<Stream> stream_;
    Endpoint endpoint_;
    PushOptions options_;
    Agreed agreed_;
    PeerFacts facts_;
    std::shared_ptr<Inbox> inbox_;
    std::shared_ptr<Opening> opening_;  // null: step by step
    bool settled_ = false;
};

// Ends a handshake that nobody waits for any more.
class StreamGuard {
public:
    explicit StreamGuard(Stream& stream) : stream_(&stream) {}
    ~StreamGuard()
    {
        if (stream_ == nullptr) return;
        stream_->fail(std::make_exception_ptr(
            Error(ErrorKind::unreachable, Remedy::retry, "session closed by us")));
    }
    StreamGuard(const StreamGuard&) = delete;
    StreamGuard& operator=(const StreamGuard&) = delete;
    void release() noexcept { stream_ = nullptr; }

private:
    Stream* stream_;
};

asio::awaitable<std::unique_ptr<PushSession>> connect_ahead(std::shared_ptr<Stream> stream,
                                                            Endpoint endpoint, PushOptions options,
                                                            Expected expected)
{
    StreamGuard guard(*stream);
    const auto opening = std::make_shared<Opening>(stream, endpoint, options, std::move(expected));
    opening->start();
    Agreed agreed = co_await opening->all_said();
    guard.release();
    co_return std::make_unique<Session>(stream, std::move(endpoint), std::move(options),
                                        std::move(agreed), opening);
}

// What `auto` means for this session. `line` null: it is not open yet, for a program has to be
// told.
std::string resolved_compressor(const std::string& wanted, const Endpoint& endpoint, Stream* line)
{
    if (wanted != "auto") return wanted;
    const std::optional<LineFigures> figures =
        line != nullptr && endpoint.speed ? line->figures() : std::nullopt;
    if (!figures) return "none";
    endpoint.speed->opened(*figures);
    return endpoint.speed->compresses() ? std::string(best_compressor) : "none";
}

}  // namespace

asio::awaitable<std::unique_ptr<PushSession>> connect_over(std::unique_ptr<Stream> stream,
                                                           Endpoint endpoint, PushOptions options,
                                                           std::optional<Expected> expected)
{
    const std::shared_ptr<Stream> shared = std::move(stream);
    options.compress = resolved_compressor(options.compress, endpoint, shared.get());
    // A program's start takes longer than its answers; said ahead, its failure would come late.
    if (expected && expected->protocol >= 30 && !is_program(endpoint.reach)) {
        std::unique_ptr<PushSession> session = co_await connect_ahead(
            shared, std::move(endpoint), std::move(options), std::move(*expected));
        co_return session;
    }
    Agreed agreed = co_await shake_hands(*shared, endpoint, options);
    co_return std::make_unique<Session>(shared, std::move(endpoint), std::move(options),
                                        std::move(agreed));
}

namespace {

asio::awaitable<std::unique_ptr<PushSession>> open_and_connect(Endpoint endpoint,
                                                               PushOptions options,
                                                               std::optional<Expected> expected)
{
    if (is_program(endpoint.reach))
        options.compress = resolved_compressor(options.compress, endpoint, nullptr);
    std::unique_ptr<Stream> stream = co_await open_line(endpoint, options);
    std::unique_ptr<PushSession> session = co_await connect_over(
        std::move(stream), std::move(endpoint), std::move(options), std::move(expected));
    co_return session;
}

// A release before 3.2.3 is asked once more, for no more than it knows.
bool refuses_messages(const Error& error)
{
    return error.kind() == ErrorKind::refused_option &&
           std::string_view(error.what()).find(messages_option) != std::string_view::npos;
}

}  // namespace

asio::awaitable<std::unique_ptr<PushSession>> connect(Endpoint endpoint, PushOptions options,
                                                      std::optional<Expected> expected)
{
    std::unique_ptr<PushSession> session;
    try {
        session = co_await open_and_connect(endpoint, options, expected);
    } catch (const Error& error) {
        if (!is_program(endpoint.reach) || !refuses_messages(error)) throw;
        endpoint.asks_for_messages = false;
    }
    if (!session)
        session = co_await open_and_connect(std::move(endpoint), std::move(options), std::nullopt);
    co_return session;
}

}  // namespace lockstep::transport
