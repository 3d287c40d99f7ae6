// Directories that may not be read, by an agent that is not root.
#include "in_child.h"
#include "live_source.h"

#include <unistd.h>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

constexpr uid_t nobody = 65534;

// Where the tests run as somebody who is not root, mode 000 works on ourselves just as well.
std::string as_nobody(const TempDir& temp, const std::function<std::string()>& check)
{
    if (::geteuid() != 0) return in_child(check);
    set_owner(temp.path(), nobody, nobody);
    return in_child([&] {
        if (::setegid(nobody) != 0 || ::seteuid(nobody) != 0)
            return std::string("may not become nobody");
        return check();
    });
}

std::string missing(const Changes& changes, ChangeKind kind, const std::string& path)
{
    if (told(changes, kind, path)) return {};
    std::ostringstream text;
    text << Change{.kind = kind, .path = path} << " was not told, but";
    for (const Change& change : changes) text << ' ' << change << ';';
    return text.str();
}

TEST_CASE("a directory unreadable at the start is named once and watched when it may be",
          "[watcher][unreadable]")
{
    const TempDir temp;
    CHECK(as_nobody(temp, [&]() -> std::string {
              make_dirs(temp / "p/q");
              make_dirs(temp / "other");
              set_mode(temp / "p", 0000);
              LiveSource source({.source = temp.path()});
              source.wait_for(ChangeKind::unreadable);
              Changes changes = source.changes_until_now();
              if (changes.size() != 2 || changes[0].kind != ChangeKind::live ||
                  changes[1].detail != "watch directory 'p': Permission denied")
                  return missing(changes, ChangeKind::unreadable, "p") + " not as expected";
              write_file(temp / "other/f", "x");
              changes = source.changes_until_now();
              if (!told(changes, ChangeKind::content, "other/f") ||
                  told(changes, ChangeKind::unreadable, "p"))
                  return "the rest is not watched, or 'p' is named again";

              set_mode(temp / "p", 0755);
              changes = source.changes_until_now();
              for (const ChangeKind kind :
                   {ChangeKind::attributes, ChangeKind::readable, ChangeKind::subtree})
                  if (const std::string text = missing(changes, kind, "p"); !text.empty())
                      return text;
              if (source.figures().watches != 4) return "not all directories are watched";
              write_file(temp / "p/q/f", "x");
              return missing(source.changes_until_now(), ChangeKind::content, "p/q/f");
          }) == "");
}

TEST_CASE("a directory made unreadable while live is watched when it may be",
          "[watcher][unreadable]")
{
    const TempDir temp;
    CHECK(as_nobody(temp, [&]() -> std::string {
              LiveSource source({.source = temp.path()});
              source.settle();
              make_dirs(temp / "d", 0000);
              if (const std::string text =
                      missing(source.changes_until_now(), ChangeKind::unreadable, "d");
                  !text.empty())
                  return text;
              set_mode(temp / "d", 0755);
              make_dirs(temp / "d/e");
              const Changes changes = source.changes_until_now();
              if (const std::string text = missing(changes, ChangeKind::readable, "d");
                  !text.empty())
                  return text;
              write_file(temp / "d/e/f", "x");
              return missing(source.changes_until_now(), ChangeKind::content, "d/e/f");
          }) == "");
}

TEST_CASE("what stands below a directory that may not be entered is found when it may",
          "[watcher][unreadable]")
{
    const TempDir temp;
    CHECK(as_nobody(temp, [&]() -> std::string {
              make_dirs(temp / "p/q");
              set_mode(temp / "p", 0400);  // its names may be read, what they name not
              LiveSource source({.source = temp.path()});
              source.wait_for(ChangeKind::unreadable);
              if (const std::string text =
                      missing(source.changes_until_now(), ChangeKind::unreadable, "p/q");
                  !text.empty())
                  return text;
              set_mode(temp / "p", 0755);
              return missing(source.changes_until_now(), ChangeKind::readable, "p/q");
          }) == "");
}

TEST_CASE("an unreadable directory that is removed is gone", "[watcher][unreadable]")
{
    const TempDir temp;
    CHECK(as_nobody(temp, [&]() -> std::string {
              make_dirs(temp / "p", 0000);
              LiveSource source({.source = temp.path()});
              source.wait_for(ChangeKind::unreadable);
              remove_file(temp / "p");
              if (const std::string text =
                      missing(source.changes_until_now(), ChangeKind::gone, "p");
                  !text.empty())
                  return text;
              return source.figures().directories == 1 ? "" : "it is in the tree still";
          }) == "");
}

}  // namespace
