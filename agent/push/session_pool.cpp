#include "agent/push/session_pool.h"

#include "base/failure.h"
#include "base/log.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>

#include <algorithm>

namespace lockstep::push {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// After a warm session could not be had; pushes open their own meanwhile.
constexpr std::chrono::seconds pause{10};
constexpr std::chrono::seconds busy_pause_first{60};
constexpr std::chrono::seconds busy_pause_max{3600};

}  // namespace

SessionPool::SessionPool(Threads threads, Settings settings)
    : settings_(std::move(settings)),
      threads_(std::move(threads)),
      timer_(threads_.strand),
      warmed_(threads_.strand),
      busy_pause_(busy_pause_first)
{
}

std::shared_ptr<SessionPool> SessionPool::make(Threads threads, Settings settings)
{
    auto made = std::make_shared<SessionPool>(std::move(threads), std::move(settings));
    if (made->settings_.slots) made->settings_.slots->join(made->settings_.module, made);
    return made;
}

void SessionPool::give_slots_back()
{
    asio::dispatch(strand(), [self = shared_from_this()] {
        const Clock::time_point now = Clock::now();
        if (self->parked_.empty() && self->warming_ == 0 && now < self->not_before_) return;
        self->parked_.clear();
        self->not_before_ = now + self->busy_pause_;
        self->busy_pause_ = std::min(self->busy_pause_ * 2, busy_pause_max);
    });
}

void SessionPool::tell_exhausted()
{
    if (settings_.slots)
        settings_.slots->exhausted(settings_.module);
    else
        give_slots_back();
}

asio::awaitable<SessionPool::Taken> SessionPool::take(transport::PushOptions options)
{
    drop_unusable();
    turn_to(options);
    // One that is on its way will be there sooner than another one.
    while (parked_.empty() && warming_ > 0 && wanted_ == options) co_await warmed_.wait();
    const auto fits = std::find_if(parked_.begin(), parked_.end(),
                                   [&](const Parked& parked) { return parked.options == options; });
    Taken taken;
    if (fits != parked_.end()) {
        taken.session = std::move(fits->session);
        taken.doubtful = true;
        parked_.erase(fits);
        learn(*taken.session);
        fill();
        co_return taken;
    }
    if (expected_) {
        taken.doubtful = true;
        taken.session = co_await open(std::move(options));
    } else {
        taken.session = co_await connect(std::move(options));
    }
    fill();
    co_return taken;
}

// What was used last is what the next one most likely needs, and of two kinds the other is kept as
// well where more than one session is.
void SessionPool::turn_to(const transport::PushOptions& options)
{
    const bool kept_ready = options == usual_ || options.way == transport::Way::append;
    if (!kept_ready || !wanted_ || wanted_ == options) return;
    wanted_ = options;
    if (!parked_.empty() && parked_.size() + warming_ >= settings_.warm_max)
        parked_.erase(parked_.begin());
}

// Pipelined where the daemon is known.
asio::awaitable<std::unique_ptr<transport::PushSession>> SessionPool::open(
    transport::PushOptions options)
{
    transport::Endpoint endpoint = settings_.endpoint();
    endpoint.speed = settings_.speed;
    if (options.compress == "auto" && refusals_.contains(Ask::compression))
        options.compress = "none";
    std::optional<transport::Expected> expected = expected_;
    std::unique_ptr<transport::PushSession> session =
        co_await transport::connect(std::move(endpoint), std::move(options), std::move(expected));
    learn(*session);
    co_return session;
}

void SessionPool::learn(const transport::PushSession& session)
{
    if (std::optional<transport::Expected> expected = session.expected())
        expected_ = std::move(expected);
}

asio::awaitable<std::unique_ptr<transport::PushSession>> SessionPool::connect(
    transport::PushOptions options)
{
    expected_.reset();
    std::optional<Error> busy;
    bool ours = false;
    try {
        transport::PushOptions same = options;
        std::unique_ptr<transport::PushSession> session = co_await open(std::move(same));
        co_return session;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::busy) throw;
        busy = error;
        ours = !parked_.empty();
    }
    // The slot that is missing may be the one we hold, or another mapping.
    log::debug("push", "giving warm sessions back: " + std::string(busy->what()));
    tell_exhausted();
    if (!ours) throw Error(*busy);
    std::unique_ptr<transport::PushSession> session = co_await open(std::move(options));
    co_return session;
}

asio::awaitable<void> SessionPool::reach(transport::PushOptions options)
{
    drop_unusable();
    if (settings_.warm_max == 0 || closed_ || !parked_.empty()) co_return;
    transport::PushOptions same = options;
    std::unique_ptr<transport::PushSession> session = co_await connect(std::move(same));
    parked_.push_back({std::move(session), std::move(options)});
}

void SessionPool::keep_warm(transport::PushOptions options)
{
    asio::dispatch(strand(), [self = shared_from_this(), options = std::move(options)]() mutable {
        if (self->closed_) return;
        if (self->usual_ != options || !self->wanted_) {
            self->parked_.clear();
            self->wanted_ = options;
        }
        self->usual_ = std::move(options);
        self->fill();
    });
}

void SessionPool::let_go()
{
    asio::dispatch(strand(), [self = shared_from_this()] {
        self->wanted_.reset();
        self->parked_.clear();
    });
}

void SessionPool::close()
{
    asio::dispatch(strand(), [self = shared_from_this()] {
        self->closed_ = true;
        self->wanted_.reset();
        self->parked_.clear();
        self->timer_.cancel();
        self->warmed_.notify();
    });
}

bool SessionPool::guesses_line(const transport::PushOptions& options) const
{
    return options.compress == "auto" && settings_.speed && settings_.speed->guesses() &&
           !refusals_.contains(Ask::compression);
}

bool SessionPool::compresses_otherwise(const Parked& parked) const
{
    if (parked.options.compress != "auto" || !settings_.speed ||
        refusals_.contains(Ask::compression))
        return false;
    return (parked.session->peer().compress != "none") != settings_.speed->compresses();
}

// A daemon that went may come back as another; one that has no slot left needs ours.
void SessionPool::drop_unusable()
{
    bool busy = false;
    std::erase_if(parked_, [&](const Parked& parked) {
        if (parked.session->usable()) return false;
        expected_.reset();
        busy = busy || kind_of(parked.session->failure()) == ErrorKind::busy;
        return true;
    });
    if (busy) tell_exhausted();
    std::erase_if(parked_, [&](const Parked& parked) { return compresses_otherwise(parked); });
}

void SessionPool::fill()
{
    if (!wanted_ || closed_) return;
    // It may fail before co_spawn() returns: a program that cannot be started does.
    while (Clock::now() >= not_before_ && parked_.size() + warming_ < settings_.warm_max) {
        ++warming_;
        asio::co_spawn(strand(), warm_one(shared_from_this(), *wanted_), asio::detached);
    }
}

// Its failures are nobody's: a push that needs a session learns for itself why there is none.
asio::awaitable<void> SessionPool::warm_one(std::shared_ptr<SessionPool> self,
                                            transport::PushOptions options)
{
    try {
        transport::PushOptions same = options;
        std::unique_ptr<transport::PushSession> session = co_await self->open(std::move(same));
        const bool given_up = Clock::now() < self->not_before_;  // meanwhile
        if (self->wanted_ == options && !given_up)
            self->parked_.push_back({std::move(session), options});
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::busy)
            self->tell_exhausted();
        else
            self->not_before_ = Clock::now() + pause;
    } catch (const std::exception& error) {
        log::debug("push", "no warm session: " + std::string(error.what()));
        self->not_before_ = Clock::now() + pause;
    }
    --self->warming_;
    self->warmed_.notify();
    self->arm_timer();
}

void SessionPool::arm_timer()
{
    if (timer_armed_ || closed_ || !wanted_) return;
    timer_armed_ = true;
    std::chrono::milliseconds limit = settings_.timeout;
    for (const Parked& parked : parked_) limit = std::min(limit, parked.session->idle_limit());
    limit /= 2;
    // After a failure the next one is due sooner than a sign of life.
    const auto paused = std::chrono::ceil<std::chrono::milliseconds>(not_before_ - Clock::now());
    if (paused.count() > 0 && parked_.size() < settings_.warm_max) limit = std::min(limit, paused);
    timer_.expires_after(limit);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const std::shared_ptr<SessionPool> self = weak.lock();
        if (error || !self || self->closed_) return;
        asio::co_spawn(self->strand(), keep_alive(self), asio::detached);
    });
}

asio::awaitable<void> SessionPool::keep_alive(std::shared_ptr<SessionPool> self)
{
    self->timer_armed_ = false;
    self->drop_unusable();
    // Taken out while it is spoken to, so that nobody takes it in the middle of that.
    std::vector<Parked> parked = std::exchange(self->parked_, {});
    for (Parked& one : parked) {
        try {
            const bool parks = co_await one.session->keep_alive();
            if (!parks) self->settings_.warm_max = 0;
            if (parks && self->wanted_) self->parked_.push_back(std::move(one));
        } catch (const Error&) {
            one.session.reset();
        }
    }
    self->fill();
    self->arm_timer();
}

}  // namespace lockstep::push
