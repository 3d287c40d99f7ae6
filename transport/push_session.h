// One conversation with a daemon: logged in and parked before the file list, then one list pushed.
#pragma once

#include "transport/contents.h"
#include "transport/endpoint.h"
#include "transport/expected.h"
#include "transport/push_list.h"
#include "transport/stream.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lockstep::transport {

// What this daemon turned out to be.
struct PeerFacts {
    int protocol = 0;
    std::string checksum;
    std::string compress;
    bool operator==(const PeerFacts&) const = default;
};

// How far a push is, for a progress bar; written by the session, read by anybody.
struct Progress {
    std::atomic<std::uint64_t> files_done{0};
    std::atomic<std::uint64_t> bytes_done{0};
};

// Life: connect() → parked (the owner calls keep_alive() now and then) → push() once → gone.
// Failures of the session are thrown as Error, their kind as in the contract; failures of a path
// are in the outcome. Cancelled by the caller's cancellation signal at any await. All calls on the
// stream's executor.
class PushSession {
public:
    virtual ~PushSession() = default;

    virtual const PeerFacts& peer() const = 0;

    // False once the daemon has hung up or complained: the session cannot push any more.
    virtual bool usable() const = 0;
    virtual std::exception_ptr failure() const = 0;  // why, where it is known

    // What the next session may expect of this daemon; none while it is a guess here too.
    virtual std::optional<Expected> expected() const = 0;

    // A sign of life while parked, which the daemon's idle clock needs where it has a limit: the
    // smaller of its own and ours. False where the protocol has none (PROTOCOL.md 8.4): such a
    // session cannot be parked.
    virtual asio::awaitable<bool> keep_alive() = 0;
    // Without a sign of life the daemon hangs up after this long.
    virtual std::chrono::milliseconds idle_limit() const = 0;

    // Sends the list and the files it asks for; returns after the daemon's final goodbye:
    // everything that is not in the outcome's failures is in place (PROTOCOL.md 17).
    // `list`, `contents` and `progress` (may be null) must outlive the call.
    virtual asio::awaitable<PushOutcome> push(const PushList& list, Contents& contents,
                                              Progress* progress) = 0;
};

// Opens the line (line.h), logs in, sends the arguments, negotiates. Runs on the executor it is
// awaited on, which must be a strand. With `expected` it returns as soon as all of ours is said,
// which may be before the daemon has said a word: what is then wrong with the session, a WrongGuess
// too, its push() throws, and the same step by step may go well.
asio::awaitable<std::unique_ptr<PushSession>> connect(
    Endpoint endpoint, PushOptions options, std::optional<Expected> expected = std::nullopt);

// The same conversation over a stream that is already connected (tests; pipes).
asio::awaitable<std::unique_ptr<PushSession>> connect_over(
    std::unique_ptr<Stream> stream, Endpoint endpoint, PushOptions options,
    std::optional<Expected> expected = std::nullopt);

}  // namespace lockstep::transport
