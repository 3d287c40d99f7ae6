#include "agent/push/pieces_ahead.h"

#include "transport/signal.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace lockstep::push {

namespace asio = boost::asio;

// Shared with the look that is under way. What it found crosses over in the handler that ends it on
// the strand.
struct PiecesAhead::Look {
    Look(std::shared_ptr<const Beneath> root, ObserveOptions how, plan::Batch batch,
         Pieces::EntriesMax entries_max, std::shared_ptr<std::atomic<bool>> flag)
        : source(std::move(root)),
          options(std::move(how)),
          pieces(*source, options, std::move(batch), entries_max),
          cancelled(std::move(flag))
    {
    }

    std::optional<Pieces::Piece> find()
    {
        return pieces.next([this] { return given_up || (cancelled && *cancelled); });
    }

    std::shared_ptr<const Beneath> source;
    ObserveOptions options;
    Pieces pieces;
    std::shared_ptr<std::atomic<bool>> cancelled;
    std::atomic<bool> given_up = false;

    std::optional<transport::Signal> ended;  // none: no look was begun ahead
    bool under_way = false;
    std::optional<Pieces::Piece> found;
    std::exception_ptr failure;
};

PiecesAhead::PiecesAhead(asio::any_io_executor pool, std::shared_ptr<const Beneath> source,
                         const ObserveOptions& options, plan::Batch batch,
                         Pieces::EntriesMax entries_max,
                         std::shared_ptr<std::atomic<bool>> cancelled)
    : pool_(std::move(pool)),
      look_(std::make_shared<Look>(std::move(source), options, std::move(batch), entries_max,
                                   std::move(cancelled)))
{
}

PiecesAhead::~PiecesAhead()
{
    look_->given_up = true;
}

asio::awaitable<std::optional<Pieces::Piece>> PiecesAhead::next()
{
    const std::shared_ptr<Look> look = look_;
    const asio::any_io_executor strand = co_await asio::this_coro::executor;
    std::optional<Pieces::Piece> piece;
    if (look->ended) {
        while (look->under_way) co_await look->ended->wait();
        if (look->failure) std::rethrow_exception(look->failure);
        piece = std::exchange(look->found, std::nullopt);
    } else {
        piece = look->find();
    }
    if (!look->pieces.more()) co_return piece;
    if (!look->ended) look->ended.emplace(strand);
    look->under_way = true;
    asio::post(pool_, [look, strand] {
        std::optional<Pieces::Piece> found;
        std::exception_ptr failure;
        try {
            found = look->find();
        } catch (...) {
            failure = std::current_exception();
        }
        asio::post(strand, [look, failure, found = std::move(found)]() mutable {
            look->found = std::move(found);
            look->failure = failure;
            look->under_way = false;
            look->ended->notify();
        });
    });
    co_return piece;
}

}  // namespace lockstep::push
