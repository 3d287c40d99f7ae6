#include "watcher/inbox.h"

#include "base/error.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

namespace lockstep::watcher {
namespace {

// What a burst made the buffer grow to is not kept for ever.
constexpr std::size_t kept_bytes_max = 1024 * 1024;

}  // namespace

Inbox::Inbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (!event_) throw_errno(ErrorKind::local, Remedy::retry, "eventfd", "", errno);
}

bool Inbox::put(std::span<const std::byte> bytes)
{
    const std::lock_guard lock(mutex_);
    content_.bytes.insert(content_.bytes.end(), bytes.begin(), bytes.end());
    content_.was_full = content_.bytes.size() >= bytes_max;
    signal();
    return !content_.was_full;
}

void Inbox::put_mark(std::uint64_t number)
{
    const std::lock_guard lock(mutex_);
    content_.marks.push_back({content_.bytes.size(), number});
    signal();
}

void Inbox::wake()
{
    const std::lock_guard lock(mutex_);
    signal();
}

void Inbox::take(Content& content)
{
    content.bytes.clear();
    if (content.bytes.capacity() > kept_bytes_max) content.bytes = {};
    content.marks.clear();
    content.was_full = false;
    const std::lock_guard lock(mutex_);
    std::swap(content, content_);
    if (!signalled_) return;
    signalled_ = false;
    eventfd_t count = 0;
    ::eventfd_read(event_.get(), &count);
}

// With the lock held: one wake-up for all that is put until it is taken.
void Inbox::signal()
{
    if (std::exchange(signalled_, true)) return;
    ::eventfd_write(event_.get(), 1);
}

}  // namespace lockstep::watcher
