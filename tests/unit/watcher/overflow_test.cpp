// A kernel queue that ran over, because nobody read it.
#include "live_source.h"
#include "mirror.h"
#include "watcher/limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <future>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

// Keeps the drain thread busy with a callback of its own.
class Blocked {
public:
    explicit Blocked(Drainer& drainer) : drainer_(drainer)
    {
        REQUIRE(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) == 0);
        drainer_.add(ends_[0], [this](std::span<const std::byte>) {
            reached_.set_value();
            release_.get_future().wait();
            return true;
        });
        REQUIRE(::write(ends_[1], "x", 1) == 1);
        reached_.get_future().wait();
    }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
    ~Blocked()
    {
        release_.set_value();
        drainer_.remove(ends_[0]);
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

private:
    Drainer& drainer_;
    std::array<int, 2> ends_{};
    std::promise<void> reached_;
    std::promise<void> release_;
};

TEST_CASE("after an overflow the whole source is walked and to be compared", "[watcher][overflow]")
{
    const auto queue = read_limits().max_queued_events;
    if (queue > 200'000) {
        WARN("a queue of " << queue << " events takes too long to fill");
        return;
    }
    const TempDir temp;
    for (int i = 0; i < 20; ++i) make_dirs(temp / ("old" + std::to_string(i) + "/x"));
    Mirror mirror(temp.path());
    LiveSource source({.source = temp.path()}, [&](const Change& change) { mirror.apply(change); });
    source.settle();

    {
        const Blocked blocked(source.drainer());
        for (std::uint64_t i = 0; i < queue / 2 + 100; ++i) {  // two events at least for each
            const std::string path = temp / ("f" + std::to_string(i));
            write_file(path, "x");
            remove_file(path);
        }
        for (int i = 0; i < 10; ++i) {  // all of this is lost
            make_dirs(temp / ("new" + std::to_string(i) + "/y"));
            rename_path(temp / ("old" + std::to_string(i)), temp / ("moved" + std::to_string(i)));
            std::filesystem::remove_all(temp / ("old" + std::to_string(i + 10)));
        }
        std::filesystem::create_directories(temp / "old15/z");
    }

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::overflow, ""));
    CHECK(told(changes, ChangeKind::subtree, ""));
    CHECK(source.figures().overflows == 1);
    Model expected;
    look_below(temp.path(), "", expected);
    CHECK(mirror.model() == expected);
    check_every_directory_is_watched(source, temp.path());
}

}  // namespace
