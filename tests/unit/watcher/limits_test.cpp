// The kernel's limits: read, told, and lived with. A user namespace has limits of its own, so that
// nobody else's are touched.
#include "watcher/limits.h"

#include "base/error.h"
#include "in_child.h"
#include "live_source.h"

#include <fcntl.h>
#include <sched.h>

#include <fstream>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

bool write_text(const std::string& path, const std::string& text)
{
    std::ofstream file(path);
    file << text << std::flush;
    return file.good();
}

// In a child in a user namespace of its own, where `limit` (of /proc/sys/user) is `value`. Where
// that is not allowed the check is left out, with a warning.
std::string with_limit(const std::string& limit, int value,
                       const std::function<std::string()>& check)
{
    const std::string text = in_child([&]() -> std::string {
        const std::string uid = std::to_string(::geteuid());
        if (::unshare(CLONE_NEWUSER) != 0 ||
            !write_text("/proc/self/uid_map", "0 " + uid + " 1\n") ||
            !write_text("/proc/sys/user/" + limit, std::to_string(value)))
            return "no namespace";
        return check();
    });
    if (text != "no namespace") return text;
    WARN("no user namespaces here: " << limit << " is not tested");
    return {};
}

TEST_CASE("the limits are those the kernel shows", "[watcher][limits]")
{
    std::uint64_t watches = 0;
    std::ifstream("/proc/sys/fs/inotify/max_user_watches") >> watches;

    CHECK(read_limits().max_user_watches == watches);
    CHECK(read_limits().max_queued_events > 0);
    CHECK(read_limits().max_user_instances > 0);
}

TEST_CASE("a limit that is high enough is left alone", "[watcher][limits]")
{
    const InotifyLimits before = read_limits();

    CHECK(raise_limits({.max_user_watches = 1, .max_user_instances = {}, .max_queued_events = 1}) ==
          "");

    CHECK(read_limits() == before);
}

TEST_CASE("a limit that may not be raised is named with its cure", "[watcher][limits]")
{
    const std::uint64_t have = read_limits().max_user_watches;
    const std::string wanted = std::to_string(have + 1);
    const std::string text = in_child([&] {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) return std::string("may not become nobody");
        return raise_limits(
            {.max_user_watches = have + 1, .max_user_instances = {}, .max_queued_events = {}});
    });

    CHECK_THAT(text, Catch::Contains("fs.inotify.max_user_watches is " + std::to_string(have)));
    CHECK_THAT(text, Catch::EndsWith("sysctl -w fs.inotify.max_user_watches=" + wanted));
}

TEST_CASE("an ordinary file system is enough for inotify", "[watcher][limits]")
{
    const TempDir temp;
    CHECK(unwatchable_file_system(temp.path()) == "");
}

TEST_CASE("no instance left is an error that names the limit", "[watcher][limits]")
{
    const TempDir temp;
    CHECK(with_limit("max_inotify_instances", 0, [&]() -> std::string {
              try {
                  const LiveSource source({.source = temp.path()});
              } catch (const lockstep::Error& error) {
                  if (error.remedy() != lockstep::Remedy::needs_person) return "the wrong remedy";
                  const std::string what = error.what();
                  if (what.find("fs.inotify.max_user_instances") == std::string::npos) return what;
                  return {};
              }
              return "no error";
          }) == "");
}

TEST_CASE("directories beyond the limit are polled, counted, and watched when it is raised",
          "[watcher][limits]")
{
    const TempDir temp;
    for (int i = 0; i < 10; ++i) make_dirs(temp / ("d" + std::to_string(i) + "/e"));
    CHECK(with_limit("max_inotify_watches", 8, [&]() -> std::string {
              LiveSource source(
                  {.source = temp.path(), .poll_interval = std::chrono::milliseconds(20)});
              source.wait_for(ChangeKind::live);
              source.changes_until_now();
              const WatchFigures figures = source.figures();
              if (figures.directories != 21 || figures.watches != 8 || figures.unwatched != 13)
                  return "wrong figures";
              const std::string advice = source.watch().limits_advice();
              if (advice.find("13 of 21 directories are polled") == std::string::npos ||
                  advice.find("sysctl -w fs.inotify.max_user_watches=") == std::string::npos)
                  return advice;
              source.wait_for(ChangeKind::subtree);  // by the clock, without a barrier

              // Whatever happens where no watch is stands before the barrier as a subtree.
              for (int i = 0; i < 10; ++i) {
                  const std::string made = "d" + std::to_string(i) + "/e/new";
                  make_dirs(temp / made);
                  bool covered = false;
                  for (const Change& change : source.changes_until_now())
                      if ((change.kind == ChangeKind::content && change.path == made) ||
                          (change.kind == ChangeKind::subtree && made.starts_with(change.path)))
                          covered = true;
                  if (!covered) return made + " was not told";
              }
              if (source.figures().directories != 31) return "a new directory is not known";

              if (!write_text("/proc/sys/user/max_inotify_watches", "1000"))
                  return "may not raise it";
              source.changes_until_now();
              if (source.figures().unwatched != 0 || source.figures().watches != 31)
                  return "not all are watched";
              return source.watch().limits_advice();
          }) == "");
}

}  // namespace
