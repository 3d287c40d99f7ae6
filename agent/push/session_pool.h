// The sessions of one destination: some logged in and ready, the others as they are needed.
#pragma once

#include "agent/push/refusals.h"
#include "agent/push/slots.h"
#include "transport/link_speed.h"
#include "transport/push_session.h"
#include "transport/signal.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace lockstep::push {

// A warm session is parked before the file list, so that a change is on its way half a round trip
// after it was made (PROTOCOL.md 24.5). It costs the daemon a process and a slot of `max
// connections`, which is given back when the daemon has none left. It is one for the usual changes
// or, after a file was appended to, for the next of these. One that was opened before the line was
// found slow, or fast, is not used any more.
//
// All of it, and all sessions, live on strand(); calls without a strand of their own say so.
class SessionPool : public std::enable_shared_from_this<SessionPool> {
public:
    struct Settings {
        std::function<transport::Endpoint()> endpoint;  // reads the password afresh; may throw
        std::shared_ptr<transport::LinkSpeed> speed;    // what `auto` goes by; null: it is `none`
        std::size_t warm_max = 0;
        std::chrono::milliseconds timeout{60'000};  // of a session without a sign of life
        std::string module;                         // with its host and port: whose slots these are
        std::shared_ptr<Slots> slots;               // null: shared with nobody
    };
    struct Threads {
        boost::asio::any_io_executor strand;  // one handler at a time
        boost::asio::any_io_executor pool;    // for work beside it
    };
    static std::shared_ptr<SessionPool> make(Threads threads, Settings settings);
    SessionPool(Threads threads, Settings settings);

    const boost::asio::any_io_executor& strand() const noexcept { return threads_.strand; }
    const boost::asio::any_io_executor& pool() const noexcept { return threads_.pool; }

    struct Taken {
        std::unique_ptr<transport::PushSession> session;
        // Its daemon may have gone meanwhile, or be another than we think, without our noticing.
        bool doubtful = false;
    };
    // A parked one that was opened with these options, else a new one, pipelined where the daemon
    // is known (PROTOCOL.md 24.2). Throws as connect() does.
    boost::asio::awaitable<Taken> take(transport::PushOptions options);
    // Step by step, nothing taken for granted.
    boost::asio::awaitable<std::unique_ptr<transport::PushSession>> connect(
        transport::PushOptions options);
    // After trouble, before work is done for a session that may not be had: opens one and parks it,
    // where any may be parked. Throws as connect() does.
    boost::asio::awaitable<void> reach(transport::PushOptions options);

    // Sessions with these options would compress if the line was known to be slow, which it is not.
    bool guesses_line(const transport::PushOptions& options) const;

    // What this daemon does not take need not be asked of it again. Any thread.
    Refusals& refusals() noexcept { return refusals_; }

    // Any thread: sessions with these options are kept ready from now on; none any more; never
    // again.
    void keep_warm(transport::PushOptions options);
    void let_go();
    void close();
    // Any thread: somebody needs a connection and there is none. No warm session for a while, and
    // longer each time: the next one would be in the way again.
    void give_slots_back();

private:
    struct Parked {
        std::unique_ptr<transport::PushSession> session;
        transport::PushOptions options;
    };

    boost::asio::awaitable<std::unique_ptr<transport::PushSession>> open(
        transport::PushOptions options);
    void learn(const transport::PushSession& session);
    void turn_to(const transport::PushOptions& options);
    void fill();
    void drop_unusable();
    bool compresses_otherwise(const Parked& parked) const;
    void tell_exhausted();
    void arm_timer();
    static boost::asio::awaitable<void> warm_one(std::shared_ptr<SessionPool> self,
                                                 transport::PushOptions options);
    static boost::asio::awaitable<void> keep_alive(std::shared_ptr<SessionPool> self);

    Settings settings_;
    Threads threads_;
    boost::asio::steady_timer timer_;
    transport::Signal warmed_;
    std::optional<transport::PushOptions> usual_;
    std::optional<transport::PushOptions> wanted_;  // of the next one to be parked
    std::vector<Parked> parked_;
    std::size_t warming_ = 0;
    std::optional<transport::Expected> expected_;  // of the next session
    bool timer_armed_ = false;
    bool closed_ = false;
    Refusals refusals_;
    std::chrono::steady_clock::time_point not_before_{};  // the next one may be warmed
    std::chrono::seconds busy_pause_;
};

}  // namespace lockstep::push
