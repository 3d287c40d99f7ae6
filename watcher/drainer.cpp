#include "watcher/drainer.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "watcher/gathering.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lockstep::watcher {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;  // some 8,000 events

// Whoever makes an event wakes a reader that waits for one, which costs a writer of many more than
// the event. So of many close to one another none is waited for: what has gathered is read now and
// then, long before the kernel's queue (16,384 events, or more) is full.
class Pace {
public:
    // Before each waiting.
    void keep()
    {
        in_a_row_ = Clock::now() - last_ < close_by ? in_a_row_ + 1 : 0;
        if (in_a_row_ > in_a_row_max) std::this_thread::sleep_for(pause);
        last_ = Clock::now();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::microseconds close_by{200};
    static constexpr std::chrono::microseconds pause{500};
    static constexpr int in_a_row_max = 8;

    Clock::time_point last_;
    int in_a_row_ = 0;
};

}  // namespace

struct Drainer::State {
    struct Source {
        OnBytes on_bytes{};
        bool paused = false;      // until resume()
        bool left = false;        // to gather, until that is over
        bool listened_to = true;  // as epoll has it
        Gathering gathering{};
        std::vector<std::function<void()>> when_empty{};

        bool wants_reading() const { return !paused && !left; }
    };

    Fd epoll;
    Fd wake;
    std::mutex mutex;  // held while callbacks run: remove() then returns when none does
    std::map<int, Source> sources;
    bool stopping = false;
    std::vector<std::byte> buffer = std::vector<std::byte>(read_bytes);
    std::thread thread;

    void run();
    void add(int fd) const;
    bool read_once(int fd, Source& source);
    int take_up_left();
    void serve_syncs();
    void listen(int fd, Source& source) const;
};

Drainer::Drainer() : state_(std::make_unique<State>())
{
    state_->epoll = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!state_->epoll) throw_errno(ErrorKind::local, Remedy::retry, "epoll_create1", "", errno);
    state_->wake = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!state_->wake) throw_errno(ErrorKind::local, Remedy::retry, "eventfd", "", errno);
    state_->add(state_->wake.get());
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Drainer::~Drainer()
{
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    ::eventfd_write(state_->wake.get(), 1);
    state_->thread.join();
}

void Drainer::add(int fd, OnBytes on_bytes)
{
    const std::lock_guard lock(state_->mutex);
    state_->sources[fd] = {.on_bytes = std::move(on_bytes)};
    state_->add(fd);
}

void Drainer::remove(int fd)
{
    const std::lock_guard lock(state_->mutex);
    if (state_->sources.erase(fd) == 0) return;
    ::epoll_ctl(state_->epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Drainer::resume(int fd)
{
    {
        const std::lock_guard lock(state_->mutex);
        const auto it = state_->sources.find(fd);
        if (it == state_->sources.end() || !it->second.paused) return;
        it->second.paused = false;
        state_->listen(fd, it->second);
        if (it->second.when_empty.empty()) return;
    }
    ::eventfd_write(state_->wake.get(), 1);
}

void Drainer::sync(int fd, std::function<void()> when_empty)
{
    {
        const std::lock_guard lock(state_->mutex);
        const auto it = state_->sources.find(fd);
        if (it == state_->sources.end()) return;
        it->second.when_empty.push_back(std::move(when_empty));
    }
    ::eventfd_write(state_->wake.get(), 1);
}

void Drainer::State::run()
{
    std::array<epoll_event, 64> ready{};
    Pace pace;
    int wait_ms = -1;
    for (;;) {
        pace.keep();
        const int count =
            ::epoll_wait(epoll.get(), ready.data(), static_cast<int>(ready.size()), wait_ms);
        const std::lock_guard lock(mutex);
        if (stopping) return;
        for (int i = 0; i < count; ++i) {
            const int fd = ready[static_cast<std::size_t>(i)].data.fd;
            const auto it = sources.find(fd);
            if (it != sources.end() && it->second.wants_reading()) read_once(fd, it->second);
        }
        eventfd_t wakes = 0;
        if (::eventfd_read(wake.get(), &wakes) == 0) serve_syncs();
        wait_ms = take_up_left();
    }
}

void Drainer::State::add(int fd) const
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        throw_errno(ErrorKind::local, Remedy::retry, "epoll_ctl", "", errno);
}

// False when there was nothing to read, or reading is paused now.
bool Drainer::State::read_once(int fd, Source& source)
{
    ssize_t got = 0;
    do {
        got = ::read(fd, buffer.data(), buffer.size());
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        if (got < 0 && errno != EAGAIN) {
            log::error("watch", describe_errno("read", "inotify", errno));
            source.paused = true;  // else it would be ready, and fail, for ever
            listen(fd, source);
        }
        return false;
    }
    const auto bytes = static_cast<std::size_t>(got);
    const bool room = source.on_bytes(std::span(buffer).first(bytes));
    source.paused = !room;
    source.left = source.gathering.keeps_after(Gathering::Clock::now(), bytes);
    listen(fd, source);
    return room;
}

// How long until the next one is to be taken up again; -1: none is left.
int Drainer::State::take_up_left()
{
    const Gathering::Clock::time_point now = Gathering::Clock::now();
    int next = -1;
    for (auto& [fd, source] : sources) {
        if (!source.left) continue;
        const auto rest =
            std::chrono::ceil<std::chrono::milliseconds>(source.gathering.until() - now).count();
        if (rest > 0) {
            next = next < 0 ? static_cast<int>(rest) : std::min(next, static_cast<int>(rest));
            continue;
        }
        source.left = false;
        listen(fd, source);
    }
    return next;
}

void Drainer::State::serve_syncs()
{
    for (auto& [fd, source] : sources) {
        if (source.when_empty.empty() || source.paused) continue;
        while (read_once(fd, source)) {
        }
        if (source.paused) continue;
        for (const auto& when_empty : source.when_empty) when_empty();
        source.when_empty.clear();
    }
}

// As it is wanted now.
void Drainer::State::listen(int fd, Source& source) const
{
    if (source.listened_to == source.wants_reading()) return;
    source.listened_to = source.wants_reading();
    epoll_event event{};
    event.events = source.listened_to ? static_cast<std::uint32_t>(EPOLLIN) : 0U;
    event.data.fd = fd;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, fd, &event);
}

}  // namespace lockstep::watcher
