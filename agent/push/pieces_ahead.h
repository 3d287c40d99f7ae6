// The pieces of a batch, each looked at while the one before it is under way.
#pragma once

#include "agent/push/pieces.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace lockstep::push {

// The first piece is looked at by whoever asks for it: most batches have no other, and no thread is
// worth waiting for then. Each that follows is looked at on `pool` as soon as the one before it has
// been handed out; so two of them are in memory.
//
// Used on the strand of whoever awaits it. It may go while a look is under way: that ends soon, on
// what it shares with nobody else.
class PiecesAhead {
public:
    // Once `cancelled` (which may be null) says true, what comes is not to be used.
    PiecesAhead(boost::asio::any_io_executor pool, std::shared_ptr<const Beneath> source,
                const ObserveOptions& options, plan::Batch batch, Pieces::EntriesMax entries_max,
                std::shared_ptr<std::atomic<bool>> cancelled);
    ~PiecesAhead();
    PiecesAhead(const PiecesAhead&) = delete;
    PiecesAhead& operator=(const PiecesAhead&) = delete;

    // None: that was all. Throws what the look threw.
    boost::asio::awaitable<std::optional<Pieces::Piece>> next();

private:
    struct Look;
    boost::asio::any_io_executor pool_;
    std::shared_ptr<Look> look_;
};

}  // namespace lockstep::push
