// Our --chmod against the real rsync's.
#include "config/mode_changes.h"

#include "tests/support/child.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <string>
#include <vector>

namespace lockstep::config {

using namespace lockstep::testing;

TEST_CASE("chmod makes of every mode what rsync makes of it", "[config][mode_changes]")
{
    const std::vector<mode_t> modes{0,    0400,  0644,  0755,  0700,  0111, 0666,
                                    0777, 02755, 04711, 01777, 06750, 0010};
    const TempDir dir;
    make_dirs(dir / "src");
    std::vector<std::string> paths;
    for (const mode_t mode : modes) {
        const std::string name = std::to_string(mode);
        write_file(dir / ("src/f" + name), "x");
        make_dirs(dir / ("src/d" + name));
        paths.push_back("f" + name);
        paths.push_back("d" + name);
        for (const std::string kind : {"src/f", "src/d"}) set_mode(dir / (kind + name), mode);
    }
    const std::uint32_t umask = current_umask();
    for (const std::string text :
         {"D755,F644", "u=rwX,go=rX", "Dg+s,ug+w,Fo-w,+X", "a-x", "+w", "-w", "=rw", "Fa=r,D2775",
          "u+s", "g-s,o+t", "D+t", "ugo=", "F0", "Du=rwx,Dgo=rx,Fu=rw,Fgo=r", "o=r,o+X", "a+xt"}) {
        INFO(text);
        const std::optional<ModeChanges> changes = ModeChanges::parse(text, umask);
        REQUIRE(changes);
        const std::string to = dir / ("dst" + text);
        const Command command{.argv = {"rsync", "-rp", "--chmod=" + text, dir / "src/", to}};
        const Output rsync = run(command);
        REQUIRE(rsync.exit_code == 0);
        for (const std::string& path : paths) {
            INFO(path);
            CHECK(changes->applied_to(status_of(dir / ("src/" + path)).st_mode) ==
                  status_of(to + '/' + path).st_mode);
        }
    }
}

TEST_CASE("a symlink keeps its mode", "[config][mode_changes]")
{
    CHECK(ModeChanges::parse("a=", 0)->applied_to(S_IFLNK | 0777) == (S_IFLNK | 0777));
}

TEST_CASE("what is no --chmod is refused", "[config][mode_changes]")
{
    for (const char* text : {"", ",", "D", "D755,", "888", "F99999", "u", "u+q", "rw", "u*r", "DF7",
                             "u=rwx go=r", "+D"}) {
        INFO(text);
        CHECK_FALSE(ModeChanges::parse(text, 0));
    }
}

}  // namespace lockstep::config
