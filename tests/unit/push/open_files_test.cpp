// Who has a file open, and which of them wait: real files.
#include "agent/push/open_files.h"

#include "agent/push/observe.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <fcntl.h>

using namespace lockstep::push;
using namespace lockstep::testing;
using lockstep::Beneath;
using lockstep::Fd;
using lockstep::plan::Batch;
using lockstep::plan::Look;
using lockstep::plan::TimePoint;
using namespace std::chrono_literals;

namespace {

using Paths = std::vector<std::string>;

Paths held(const Beneath& source, const OpenFiles& rule, Look look, TimePoint now,
           bool waits = false, bool closed = false)
{
    Batch batch;
    for (const char* path : {"open", "closed", "d", "gone"})
        batch.paths.push_back({path, look, 7, TimePoint{} + 1h, 0, {}, {}, closed});
    Observation seen = observe(source, batch, {});
    const std::size_t before = batch.paths.size();
    Paths result = hold_open_files(source, rule, nullptr, seen.observed, batch, now);
    CHECK(batch.paths.size() == before - result.size());
    // One that waits is marked for whoever opens it; of those that were held nobody does.
    Paths waiting;
    for (const char* path : {"open", "closed"})
        if (seen.observed.at.at(path)->waits) waiting.push_back(path);
    CHECK(waiting == (look == Look::content && waits ? Paths{"open", "closed"} : Paths{}));
    return result;
}

}  // namespace

TEST_CASE("a file counts as open while somebody may write to it", "[push][open_files]")
{
    const TempDir dir;
    write_file(dir / "f", "x");
    const auto is_open = [&] {
        return is_open_for_writing(Fd(::open((dir / "f").c_str(), O_RDONLY | O_CLOEXEC)));
    };
    CHECK_FALSE(is_open());

    const Fd reader(::open((dir / "f").c_str(), O_RDONLY | O_CLOEXEC));
    CHECK_FALSE(is_open());
    {
        const Fd writer(::open((dir / "f").c_str(), O_WRONLY | O_CLOEXEC));
        CHECK(is_open());
    }
    CHECK_FALSE(is_open());
}

TEST_CASE("an open file waits for its close, but not for ever and not in a hurry",
          "[push][open_files]")
{
    const TempDir dir;
    write_file(dir / "open", "x");
    write_file(dir / "closed", "x");
    make_dirs(dir / "d");
    const Beneath source(dir.path(), true);
    const Fd writer(::open((dir / "open").c_str(), O_WRONLY | O_CLOEXEC));
    // Without an index every file counts as known.
    OpenFiles rule{.new_waits = true, .existing_waits = true, .max_wait = 10min, .hurry_up_to = 6};
    const TimePoint soon = TimePoint{} + 1h + 5min;

    CHECK(held(source, rule, Look::content, soon, true).empty());
    CHECK(held(source, rule, Look::written, soon) == Paths{"open"});
    CHECK(held(source, rule, Look::attributes, soon).empty());
    for (const Look look : {Look::content, Look::written}) {
        CHECK(
            held(source, rule, look, soon, false, true).empty());  // it was closed, so it is whole
        CHECK(held(source, rule, look, soon + 5min).empty());
    }
    rule.hurry_up_to = 7;
    CHECK(held(source, rule, Look::content, soon).empty());
    CHECK(held(source, rule, Look::written, soon).empty());
    rule.hurry_up_to = 0;
    rule.existing_waits = false;
    CHECK(held(source, rule, Look::content, soon).empty());
    CHECK(held(source, rule, Look::written, soon).empty());
}
