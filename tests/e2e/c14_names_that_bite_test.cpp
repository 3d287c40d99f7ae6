#include "base/path.h"
#include "tests/e2e/live_mirror.h"
#include "tests/support/biting_names.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>

using namespace lockstep::testing;
using Catch::Matchers::Contains;

namespace {

// Nothing that would change a terminal's or a reader's mind: printable and line ends.
bool is_clean(const std::string& text)
{
    return std::all_of(text.begin(), text.end(), [](const char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\n' || (byte >= 0x20 && byte != 0x7f);
    });
}

}  // namespace

TEST_CASE("names that bite are created, rewritten, renamed among each other and deleted",
          "[e2e][C14]")
{
    LiveMirror mirror;
    REQUIRE(mirror.agent.flush() == 0);
    const std::vector<std::string> names = biting_names();
    const bool as_directories = GENERATE(false, true);
    const auto file_of = [&](const std::string& name) {
        return mirror.source(as_directories ? name + "/" + name : name);
    };

    INFO("create");
    for (const std::string& name : names) write_file(file_of(name), "content of " + name);
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(names_in(mirror.dest()).size() == names.size());

    INFO("rewrite");
    for (const std::string& name : names) write_file(file_of(name), "now " + name);
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("rename among each other");
    rename_path(mirror.source(names.back()), mirror.source("aside"));
    for (std::size_t i = names.size() - 1; i > 0; --i)
        rename_path(mirror.source(names[i - 1]), mirror.source(names[i]));
    rename_path(mirror.source("aside"), mirror.source(names.front()));
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("delete");
    for (const std::string& name : names) remove_tree(mirror.source(name));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(names_in(mirror.dest()).empty());

    CHECK(mirror.full_compares() == 1);
    CHECK(is_clean(mirror.agent.log_text()));
}

TEST_CASE("names that bite are told escaped, and the status stays JSON", "[e2e][C14]")
{
    if (::geteuid() != 0) return;  // only root can be refused as somebody else
    LiveMirror mirror({.uid = nobody});
    REQUIRE(mirror.agent.flush() == 0);
    const std::vector<std::string> names = biting_names();
    constexpr std::size_t told_at_once = 10;
    for (std::size_t first = 0; first < names.size(); first += told_at_once) {
        const std::size_t count = std::min(told_at_once, names.size() - first);
        for (std::size_t i = first; i < first + count; ++i) {
            write_file(mirror.outside("f"), "unreadable");
            set_mode(mirror.outside("f"), 0);
            rename_path(mirror.outside("f"), mirror.source(names[i]));
        }

        REQUIRE(mirror.agent.flush(std::chrono::seconds(10)) == 1);
        CHECK(is_clean(mirror.agent.last_output().err));
        for (std::size_t i = first; i < first + count; ++i)
            CHECK_THAT(mirror.agent.last_output().err, Contains(lockstep::escaped(names[i])));
        // Throws where it is no JSON.
        const boost::json::object error =
            mirror.agent.destination("web").at("last_error").as_object();
        CHECK(is_clean(error.at("message").as_string().c_str()));
        for (const boost::json::value& path : error.at("paths").as_array())
            CHECK(is_clean(path.as_string().c_str()));

        for (std::size_t i = first; i < first + count; ++i) remove_file(mirror.source(names[i]));
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
    CHECK(is_clean(mirror.agent.log_text()));
}
