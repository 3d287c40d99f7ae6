// What is read of siblings is theirs, wherever this thread worked before.
#include "agent/push/observer.h"

#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace lockstep;
using namespace lockstep::push;
using namespace lockstep::testing;

namespace {

std::vector<std::string> xattrs_of(const transport::Entry& entry)
{
    std::vector<std::string> names;
    for (const transport::XattrValue& xattr : *entry.xattrs) names.push_back(xattr.name);
    return names;
}

}  // namespace

TEST_CASE("names that several directories have are not taken for one another", "[push][observer]")
{
    const TempDir dir;
    // "etc" is a name in "/" too, where a thread that has left works.
    for (const std::string directory : {"a", "b", "b/below"}) {
        for (const std::string name : {"x", "etc"}) {
            const std::string path = dir / (directory + "/" + name);
            write_file(path, "content");
            if (directory == "b") set_xattr(path, "user." + name, "value");
        }
    }
    const bool with_xattrs = GENERATE(true, false);

    // A thread of its own: it works in other directories.
    std::thread([&] {
        const Beneath source(dir.path(), true);
        ObserveOptions options;
        options.xattrs = with_xattrs;
        Observation seen;
        {
            Observer observer(source, options);
            for (const char* path : {"a/x", "b/x", "a/etc"}) observer.see(path);
            observer.see("b/below");
            observer.list("b/below");
            observer.see("b/etc");
            observer.see("b/below/x");
            seen = observer.take();
        }
        CHECK(std::filesystem::current_path() != dir / "b");
        CHECK(std::filesystem::current_path() != dir / "b/below");

        using Names = std::vector<std::string>;
        const auto at = [&](const char* path) { return xattrs_of(*seen.observed.at.at(path)); };
        CHECK(at("a/x") == Names{});
        CHECK(at("a/etc") == Names{});
        CHECK(at("b/x") == (with_xattrs ? Names{"user.x"} : Names{}));
        CHECK(at("b/etc") == (with_xattrs ? Names{"user.etc"} : Names{}));
        CHECK(at("b/below/x") == Names{});
        for (const transport::Entry& entry : seen.observed.subtrees.at(0).entries)
            CHECK(xattrs_of(entry) == Names{});
    }).join();
}
