#include "transport/push.h"

#include "base/failure.h"
#include "base/log.h"
#include "base/path.h"
#include "transport/answer.h"
#include "transport/args.h"
#include "transport/dialogue.h"
#include "transport/echo.h"
#include "transport/filter_rules.h"
#include "transport/flist.h"
#include "transport/forms.h"
#include "transport/list_digest.h"
#include "transport/outcome.h"
#include "transport/peer_text.h"
#include "transport/unmarked.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace lockstep::transport {
namespace {

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

// A daemon that is alive and wants nothing may be writing or comparing a large file; what takes
// longer than that is waiting for something that will not come. What is sent unasked is small.
// More than once the time-out, so that a line which dies behind a sign of life is a silent one.
// A generator comes to an entry once a phase, to report it and to ask for it.
DialogueLimits limits_for(const PushList& list, const Endpoint& endpoint)
{
    constexpr std::uint64_t slowest_bytes_per_ms = 4 * 1024;
    std::uint64_t largest = 0;
    bool waits = false;
    for (const Entry& entry : list.entries) {
        if (!entry.is_regular()) continue;
        largest = std::max(largest, entry.size);
        waits = waits || entry.unasked == Unasked::no;
    }
    const int time_outs = waits ? 10 : 2;
    DialogueLimits limits;
    limits.timeout = endpoint.timeout;
    limits.stuck =
        time_outs * endpoint.timeout + std::chrono::milliseconds(largest / slowest_bytes_per_ms);
    limits.entries = list.entries.size();
    limits.items = 1000 + 16 * std::uint64_t{limits.entries};
    return limits;
}

class Push {
public:
    Push(PushLine line, const PushList& list, Contents& contents, Progress* progress)
        : unmarked_(says_marks_as_rules(line.options, line.agreed.capability)
                        ? std::optional(without_marks(list, line.agreed.protocol))
                        : std::nullopt),
          list_(unmarked_ ? unmarked_->list : list),
          contents_(contents),
          endpoint_(line.endpoint),
          options_(line.options),
          agreed_(line.agreed),
          inbox_(line.inbox),
          stream_(line.stream),
          progress_(progress),
          dialogue_(inbox_, stream_, agreed_.protocol >= 30, limits_for(list_, endpoint_)),
          out_(dialogue_.out()),
          ndx_out_(agreed_.protocol),
          flist_(flist_form(options_, agreed_)),
          answerer_(answer_form(options_, agreed_),
                    delta::make_token_codec(agreed_.compress, 0, agreed_.protocol)),
          outcome_(list, endpoint_.module, endpoint_.path, !options_.filter_rules.empty())
    {
    }

    asio::awaitable<PushOutcome> run()
    {
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
        if (failure) co_await dialogue_.hear_last_words();
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

    // ---- the list

    asio::awaitable<void> send_list()
    {
        order_ = sorted_order(list_.entries, agreed_.protocol);
        inbox_.expect(request_form(options_, agreed_, list_));

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
            if (options_.checksum && entry.is_regular()) {
                const Content content = content_of(entry);
                sum = co_await list_digest(content, digest_of(agreed_));
            }
            flist_.add(entry, out_.data(), sum);
            if (out_.data().size() >= Outbox::flush_bytes) {
                co_await out_.flush();
                dialogue_.moved();
            }
        }
        flist_.end(list_.io_error, out_.data());
        if (agreed_.protocol >= 30) co_await send_unasked();
        co_await out_.flush();
        dialogue_.moved();
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
        if (appends(options_, agreed_)) note_tails();
        while (phase_ <= last_phase(agreed_)) {
            GeneratorItem item = co_await dialogue_.next();
            const Request* request = std::get_if<Request>(&item);
            if (request != nullptr) {
                co_await answer(*request);
            } else if (std::holds_alternative<Done>(item)) {
                ++phase_;
                if (phase_ <= last_phase(agreed_)) ndx_out_.put(out_.data(), ndx_done);
            } else {
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "deletion statistics in the middle of the transfer");
            }
        }
        for (const std::int32_t ndx : tails_) passed_over(ndx);
        co_await say_goodbye();
    }

    // All content is on its way: then the DONEs may be too (PROTOCOL.md 24.4), and the final
    // goodbye comes after one round trip instead of three.
    bool nothing_to_ask() const
    {
        if (agreed_.protocol < 30 || unreadable_) return false;
        if (options_.xattrs && !list_.reports_unanswered) return false;
        const auto regular = std::count_if(list_.entries.begin(), list_.entries.end(),
                                           [](const Entry& entry) { return entry.is_regular(); });
        return static_cast<std::size_t>(regular) == unasked_.size();
    }

    void say_all_done()
    {
        const int count = last_phase(agreed_) + 1 + (agreed_.protocol >= 31 ? 1 : 0);
        for (int i = 0; i < count; ++i) ndx_out_.put(out_.data(), ndx_done);
    }

    // What is asked for all the same has not arrived as it was sent, and is looked at again; so is
    // what would have its attributes set with our answer.
    asio::awaitable<void> hear_out()
    {
        while (phase_ <= last_phase(agreed_)) {
            GeneratorItem item = co_await dialogue_.next();
            const Request* request = std::get_if<Request>(&item);
            if (request != nullptr) {
                if (wants_answer(*request) && !is_answered(*request)) missed(*request);
            } else if (std::holds_alternative<Done>(item)) {
                ++phase_;
            } else {
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "deletion statistics in the middle of the transfer");
            }
        }
        if (agreed_.protocol >= 31) co_await expect_done();
        co_await expect_done();
    }

    static bool wants_answer(const Request& request)
    {
        return request.wants_transfer() || request.xattr_list;
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
            GeneratorItem item = co_await dialogue_.next();
            if (std::holds_alternative<Done>(item)) co_return;
            if (const DelStats* stats = std::get_if<DelStats>(&item)) {
                figures_.files_deleted =
                    stats->files + stats->dirs + stats->symlinks + stats->devices + stats->specials;
                continue;
            }
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "a request after the end of all phases");
        }
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
        const bool tail = appends(options_, agreed_) && phase_ == 0;
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
        if (appends(options_, agreed_) && phase_ == 0) extent.from = entry.append_from;
        std::optional<PathFailure> failure =
            co_await answerer_.send(entry.path, std::move(content), extent, request, out_);
        dialogue_.moved();
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

    // ---- a session that broke

    // What was under way when nothing came any more.
    std::string how_far() const
    {
        return "; sent " + std::to_string(out_.sent()) + " bytes for " +
               std::to_string(list_.entries.size()) + " entries, " +
               std::to_string(figures_.files_sent) + " with content, of which " +
               std::to_string(unasked_.size()) + " were not asked for; heard " +
               std::to_string(dialogue_.heard()) + " requests, in phase " + std::to_string(phase_) +
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
    Dialogue dialogue_;
    Outbox& out_;
    NdxWriter ndx_out_;
    FlistEncoder flist_;
    Answerer answerer_;
    OutcomeBuilder outcome_;
    std::vector<std::uint32_t> order_;    // positions in the list by index at the receiver
    std::vector<std::uint32_t> sent_as_;  // by position: the how-manieth it was sent as
    PushFigures figures_;
    int phase_ = 0;
    bool unreadable_ = false;
    std::unordered_set<std::int32_t> unasked_;  // sent, and not yet asked for
    std::set<std::int32_t> tails_;              // to be appended, and not yet asked for
};

}  // namespace

asio::awaitable<PushOutcome> push_over(PushLine line, const PushList& list, Contents& contents,
                                       Progress* progress)
{
    Push push(line, list, contents, progress);
    PushOutcome outcome = co_await push.run();
    co_return outcome;
}

}  // namespace lockstep::transport
