#include "watcher/inotify.h"

#include "base/error.h"
#include "watcher/limits.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

namespace lockstep::watcher {
namespace {

struct Meaning {
    std::uint32_t bit;
    EventKind kind;
};

// In the order they are told should the kernel ever put two into one event. It does not today.
constexpr std::array<Meaning, 12> meanings{{
    {IN_Q_OVERFLOW, EventKind::overflow},
    {IN_CREATE, EventKind::create},
    {IN_MOVED_FROM, EventKind::moved_from},
    {IN_MOVED_TO, EventKind::moved_to},
    {IN_MODIFY, EventKind::modify},
    {IN_CLOSE_WRITE, EventKind::close_write},
    {IN_ATTRIB, EventKind::attrib},
    {IN_DELETE, EventKind::deleted},
    {IN_MOVE_SELF, EventKind::move_self},
    {IN_DELETE_SELF, EventKind::delete_self},
    {IN_UNMOUNT, EventKind::unmount},
    {IN_IGNORED, EventKind::ignored},
}};

// Never opens or reads: they tell nothing about content and our own reading would raise them. A
// directory that is watched already is asked for the same once more: without IN_MASK_ADD the kernel
// takes its wishes away before it notes the new ones, and an event in between is lost.
constexpr std::uint32_t wanted = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB |
                                 IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF |
                                 IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD;

std::string no_instance_left()
{
    std::string value = "?";
    try {
        value = std::to_string(read_limits().max_user_instances);
    } catch (const Error&) {  // the advice stands without the number
    }
    return "inotify_init1: no inotify instance is left for this user: "
           "fs.inotify.max_user_instances is " +
           value +
           "; raise it (sysctl -w fs.inotify.max_user_instances=1024) or end programs that hold "
           "some";
}

}  // namespace

std::size_t decode_events(std::span<const std::byte> bytes, std::vector<Event>& out)
{
    std::size_t at = 0;
    while (bytes.size() - at >= sizeof(inotify_event)) {
        inotify_event head{};
        std::memcpy(&head, bytes.data() + at, sizeof head);
        if (head.len > bytes.size() - at - sizeof head) break;
        const auto* name = reinterpret_cast<const char*>(bytes.data() + at + sizeof head);
        const std::string_view text(name, ::strnlen(name, head.len));  // padded with NULs
        for (const Meaning& meaning : meanings) {
            if ((head.mask & meaning.bit) == 0) continue;
            out.push_back({.wd = head.wd,
                           .kind = meaning.kind,
                           .directory = (head.mask & IN_ISDIR) != 0,
                           .cookie = head.cookie,
                           .name = text});
        }
        at += sizeof head + head.len;
    }
    return at;
}

Inotify::Inotify() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
{
    if (fd_) return;
    const int error = errno;
    if (error == EMFILE) throw Error(ErrorKind::local, Remedy::needs_person, no_instance_left());
    throw Error(ErrorKind::local, Remedy::needs_person, describe_errno("inotify_init1", "", error));
}

Watched Inotify::add(int directory) const
{
    // inotify knows paths only. These two lead to what the descriptor holds, whatever its name; a
    // directory that may be read but not entered is reached by the second alone.
    if (goes_there_ && there_.enter(directory)) {
        const int wd = watch(".");
        return wd >= 0 ? Watched{wd, 0} : Watched{-1, errno};
    }
    std::array<char, 32> path{"/proc/self/fd/"};
    constexpr std::size_t prefix = sizeof "/proc/self/fd/" - 1;
    *std::to_chars(path.data() + prefix, path.data() + path.size() - 1, directory).ptr = '\0';
    const int wd = watch(path.data());
    return wd >= 0 ? Watched{wd, 0} : Watched{-1, errno};
}

int Inotify::watch(const char* path) const
{
    return ::inotify_add_watch(fd_.get(), path, wanted);
}

void Inotify::go_there()
{
    goes_there_ = true;
}

void Inotify::come_back() const
{
    there_.leave();
}

void Inotify::remove(int wd) const
{
    ::inotify_rm_watch(fd_.get(), wd);
}

void Inotify::remove_all(const std::vector<int>& wds) const
{
    constexpr std::size_t pause_every = 4096;  // the smallest default queue holds 16,384
    std::size_t until_pause = pause_every;
    for (const int wd : wds) {
        remove(wd);
        if (--until_pause != 0) continue;
        until_pause = pause_every;
        for (int i = 0; i < 5000 && queued_bytes() > pause_every * sizeof(inotify_event); ++i)
            std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
}

std::size_t Inotify::queued_bytes() const
{
    int bytes = 0;
    return ::ioctl(fd_.get(), FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

}  // namespace lockstep::watcher
