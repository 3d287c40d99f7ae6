// Pieces that are looked at ahead are those that are asked for one by one.
#include "agent/push/pieces_ahead.h"

#include "tests/support/temp_tree.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace lockstep;
using namespace lockstep::push;
using namespace lockstep::testing;

namespace asio = boost::asio;

namespace {

plan::Batch whole()
{
    plan::Batch batch;
    batch.paths.push_back({std::string(), plan::Look::subtree, 0, {}, 0});
    return batch;
}

std::string make_tree(const TempDir& dir)
{
    for (int i = 0; i < 300; ++i)
        write_file(dir / ("d" + std::to_string(i % 20) + "/e" + std::to_string(i) + "/f"), "x");
    return dir.path();
}

// The directories of each piece, in order.
using Listed = std::vector<std::vector<std::string>>;

std::vector<std::string> listed_in(const Pieces::Piece& piece)
{
    std::vector<std::string> paths;
    for (const plan::DirtyPath& dirty : piece.batch.paths) paths.push_back(dirty.path);
    return paths;
}

std::unique_ptr<PiecesAhead> ahead(asio::thread_pool& pool, const std::string& source,
                                   std::shared_ptr<std::atomic<bool>> cancelled = nullptr)
{
    return std::make_unique<PiecesAhead>(
        pool.get_executor(), std::make_shared<const Beneath>(source, true), ObserveOptions(),
        whole(), Pieces::EntriesMax{50, 50}, std::move(cancelled));
}

asio::awaitable<Listed> all_of(std::unique_ptr<PiecesAhead> pieces)
{
    Listed listed;
    for (;;) {
        const std::optional<Pieces::Piece> piece = co_await pieces->next();
        if (!piece) co_return listed;
        listed.push_back(listed_in(*piece));
    }
}

asio::awaitable<void> first_of(std::unique_ptr<PiecesAhead> pieces)
{
    const std::optional<Pieces::Piece> piece = co_await pieces->next();
    CHECK(piece);
}

template <typename Result>
Result run(asio::thread_pool& pool, asio::awaitable<Result> work)
{
    const asio::any_io_executor strand = asio::make_strand(pool.get_executor());
    return asio::co_spawn(strand, std::move(work), asio::use_future).get();
}

}  // namespace

TEST_CASE("looking ahead gives the same pieces in the same order", "[push][pieces_ahead]")
{
    const TempDir dir;
    const std::string source = make_tree(dir);
    const Beneath root(source, true);
    const ObserveOptions options;
    Pieces one_by_one(root, options, whole(), {50, 50});
    Listed expected;
    while (std::optional<Pieces::Piece> piece = one_by_one.next([] { return false; }))
        expected.push_back(listed_in(*piece));
    REQUIRE(expected.size() > 5);
    asio::thread_pool pool(2);

    CHECK(run(pool, all_of(ahead(pool, source))) == expected);
}

TEST_CASE("pieces may go while the next is looked at", "[push][pieces_ahead]")
{
    const TempDir dir;
    const std::string source = make_tree(dir);
    asio::thread_pool pool(2);

    for (int i = 0; i < 50; ++i) run(pool, first_of(ahead(pool, source)));

    pool.join();  // what was under way has ended, and touched nothing that is gone
}

TEST_CASE("a cancelled look ends early", "[push][pieces_ahead]")
{
    const TempDir dir;
    const std::string source = make_tree(dir);
    asio::thread_pool pool(2);

    const Listed listed =
        run(pool, all_of(ahead(pool, source, std::make_shared<std::atomic<bool>>(true))));

    CHECK(listed.size() <= 1);
}
