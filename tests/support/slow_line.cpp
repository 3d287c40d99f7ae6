#include "tests/support/slow_line.h"

#include "tests/support/child.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <stdexcept>

namespace lockstep::testing {
namespace {

Fd own_namespace()
{
    return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

// A packet must fit into the shaper's burst, which loopback's own 64 KiB do not.
std::string shape(const std::string& rate)
{
    const std::string script = "ip link set lo mtu 1500 up && tc qdisc add dev lo root tbf rate " +
                               rate + " burst 10k latency 50ms";
    const Output done = run({"sh", "-c", script});
    return done.exit_code == 0 ? std::string() : done.err;
}

bool try_one()
{
    if (::geteuid() != 0) return false;
    try {
        const SlowLine line("1gbit");
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

bool SlowLine::possible()
{
    static const bool possible = try_one();
    return possible;
}

SlowLine::SlowLine(const std::string& rate) : before_(own_namespace())
{
    if (before_.get() < 0 || ::unshare(CLONE_NEWNET) != 0)
        throw std::runtime_error("no network namespace");
    const std::string trouble = shape(rate);
    if (trouble.empty()) return;
    ::setns(before_.get(), CLONE_NEWNET);
    throw std::runtime_error("shape: " + trouble);
}

SlowLine::~SlowLine()
{
    ::setns(before_.get(), CLONE_NEWNET);
}

}  // namespace lockstep::testing
