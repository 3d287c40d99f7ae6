#include "tests/support/proxy.h"

#include "tests/support/proxy_direction.h"
#include "tests/support/until.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <vector>

namespace lockstep::testing {

namespace {

using std::chrono::milliseconds;

void make_nonblocking(int fd)
{
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

Terms terms_up(const Line& line)
{
    return {line.delay_up,         milliseconds(0), line.cut_after_up,
            line.bytes_per_second, line.greeting,   std::nullopt};
}

Terms terms_down(const Line& line)
{
    return {line.delay_down,       line.first_byte_delay, line.cut_after_down,
            line.bytes_per_second, line.greeting,         line.hold_down_after};
}

struct Connection {
    Fd client;
    Fd daemon;
    Direction up;
    Direction down;
};

}  // namespace

// What only the proxy's thread touches.
class Proxy::Loop {
public:
    explicit Loop(Proxy& proxy) : proxy_(proxy) {}

    // One round; false when the proxy is to end.
    bool turn()
    {
        if (!adopt()) return false;
        take_new();
        for (auto next = connections_.begin(); next != connections_.end();) {
            const auto here = next++;
            if (!carry(*here)) drop(here);
        }
        wait();
        return true;
    }

private:
    using Place = std::list<Connection>::iterator;

    // Takes over what was asked for, and says so.
    bool adopt()
    {
        const std::lock_guard lock(proxy_.mutex_);
        if (proxy_.stop_) return false;
        line_ = proxy_.line_;
        if (proxy_.cut_) reset_all();
        proxy_.cut_ = false;
        if (proxy_.listen_ && !listener_) {
            listener_ = listen_on(proxy_.address_, proxy_.port());
            make_nonblocking(listener_.get());
        }
        if (!proxy_.listen_) Fd(std::move(listener_));
        proxy_.counters_.open = connections_.size();
        proxy_.adopted_ = proxy_.asked_;
        proxy_.adopted_one_.notify_all();
        return true;
    }

    void wait()
    {
        std::vector<pollfd> fds{{proxy_.wake_.get(), POLLIN, 0}};
        if (listener_) fds.push_back({listener_.get(), POLLIN, 0});
        milliseconds rest(1000);
        for (const Connection& c : connections_) {
            if (line_.black_hole) break;
            fds.push_back({c.client.get(), interest(c.up, c.down, terms_up(line_)), 0});
            fds.push_back({c.daemon.get(), interest(c.down, c.up, terms_down(line_)), 0});
            rest = std::min({rest, c.up.rest(terms_up(line_)), c.down.rest(terms_down(line_))});
        }
        // A side without interest that hung up would wake us for ever: it is left out.
        std::erase_if(fds, [](const pollfd& fd) { return fd.events == 0; });
        ::poll(fds.data(), fds.size(), static_cast<int>(rest.count()));
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t n = ::read(proxy_.wake_.get(), &ignored, sizeof ignored);
    }

    static short interest(const Direction& in, const Direction& out, const Terms& terms)
    {
        const int events = (in.wants_to_read(terms) ? POLLIN : 0) | (out.blocked() ? POLLOUT : 0);
        return static_cast<short>(events);
    }

    void take_new()
    {
        if (!listener_) return;
        while (true) {
            Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!client) return;
            {
                const std::lock_guard lock(proxy_.mutex_);
                ++proxy_.counters_.connections;
            }
            if (line_.refuse) {
                reset_on_close(client.get());
                continue;
            }
            join(std::move(client));
        }
    }

    void join(Fd client)
    {
        Connection connection;
        try {
            connection.daemon = connect_to(proxy_.address_, proxy_.upstream_port_);
        } catch (const std::exception&) {
            reset_on_close(client.get());  // as if it had reached the dead daemon itself
            return;
        }
        make_nonblocking(connection.daemon.get());
        const int on = 1;
        for (const int fd : {client.get(), connection.daemon.get()})
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection.client = std::move(client);
        connections_.push_back(std::move(connection));
        const std::lock_guard lock(proxy_.mutex_);
        proxy_.counters_.open = connections_.size();
        proxy_.counters_.most_open = std::max(proxy_.counters_.most_open, connections_.size());
    }

    // False when the connection is over.
    bool carry(Connection& c)
    {
        if (line_.black_hole) return true;
        const Terms up = terms_up(line_);
        const Terms down = terms_down(line_);
        const std::uint64_t up_before = c.up.received();
        const std::uint64_t down_before = c.down.received();
        bool fine = !c.up.wants_to_read(up) || c.up.receive(c.client.get(), up);
        if (c.up.received() > up_before) c.down.release();
        fine = fine && (!c.down.wants_to_read(down) || c.down.receive(c.daemon.get(), down));
        {
            const std::lock_guard lock(proxy_.mutex_);
            proxy_.counters_.bytes_up += c.up.received() - up_before;
            proxy_.counters_.bytes_down += c.down.received() - down_before;
        }
        fine = fine && c.up.send(c.daemon.get(), up) && c.down.send(c.client.get(), down);
        if (c.up.used_up(up) || c.down.used_up(down)) return false;
        return fine && !(c.up.finished() && c.down.finished());
    }

    void drop(Place place)
    {
        if (!(place->up.finished() && place->down.finished())) reset(*place);
        connections_.erase(place);
    }

    static void reset(const Connection& c)
    {
        reset_on_close(c.client.get());
        reset_on_close(c.daemon.get());
    }

    void reset_all()
    {
        for (const Connection& c : connections_) reset(c);
        connections_.clear();
    }

    Proxy& proxy_;
    Line line_;
    Fd listener_;
    std::list<Connection> connections_;
};

Proxy::Proxy(std::uint16_t upstream_port, Line line, const std::string& address)
    : address_(address),
      upstream_port_(upstream_port),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      line_(line)
{
    thread_ = std::thread([this] { run(); });
    ask([] {});
}

Proxy::~Proxy()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake();
    thread_.join();
}

ProxyCounters Proxy::counters() const
{
    const std::lock_guard lock(mutex_);
    return counters_;
}

bool Proxy::comes_to_rest(std::chrono::milliseconds quiet) const
{
    using Clock = std::chrono::steady_clock;
    std::uint64_t carried = 0;
    Clock::time_point since = Clock::now();
    const auto rests = [&] {
        const ProxyCounters now = counters();
        if (now.bytes_up + now.bytes_down != carried) since = Clock::now();
        carried = now.bytes_up + now.bytes_down;
        return Clock::now() - since >= quiet;
    };
    return until(rests, std::chrono::seconds(20));
}

void Proxy::set(const Line& line)
{
    ask([&] { line_ = line; });
}

void Proxy::cut_all()
{
    ask([this] { cut_ = true; });
}

void Proxy::close_listener()
{
    ask([this] { listen_ = false; });
}

void Proxy::open_listener()
{
    ask([this] { listen_ = true; });
}

template <class Change>
void Proxy::ask(Change change)
{
    std::unique_lock lock(mutex_);
    change();
    const std::uint64_t mine = ++asked_;
    wake();
    adopted_one_.wait(lock, [&] { return adopted_ >= mine; });
}

void Proxy::wake() const
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void Proxy::run()
{
    Loop loop(*this);
    while (loop.turn()) {
    }
}

}  // namespace lockstep::testing
