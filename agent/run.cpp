#include "agent/run.h"

#include "agent/agent.h"
#include "agent/heap.h"
#include "agent/service.h"
#include "base/log.h"

#include <boost/asio/signal_set.hpp>

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;

// A stop that takes longer than this is cut short: everything that was not acknowledged is sent
// again at the next start.
constexpr std::chrono::seconds stop_limit{4};

// A thread of its own: it keeps no loop alive, and holds when it is a loop or the pool that does
// not end.
class StopLimit {
public:
    void begin()
    {
        if (thread_.joinable()) return;
        thread_ = std::jthread([](const std::stop_token& over) {
            std::mutex mutex;
            std::unique_lock lock(mutex);
            std::condition_variable_any never;
            never.wait_for(lock, over, stop_limit, [] { return false; });
            if (over.stop_requested()) return;
            log::warn("agent", "stopped with work in flight");
            std::_Exit(0);
        });
    }

private:
    std::jthread thread_;
};

class Signals {
public:
    Signals(Executors& executors, Agent& agent, Service& service, StopLimit& limit)
        : agent_(agent),
          service_(service),
          limit_(limit),
          set_(executors.control(), SIGTERM, SIGINT, SIGHUP)
    {
        wait();
    }

private:
    void wait()
    {
        set_.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) return;
            if (number == SIGHUP) {
                Service::reloading();
                log::reopen();
                agent_.reload();
                service_.ready();
                wait();
                return;
            }
            log::info("agent", "stopping");
            service_.stopping();
            limit_.begin();
            agent_.stop();
        });
    }

    Agent& agent_;
    Service& service_;
    StopLimit& limit_;
    asio::signal_set set_;
};

}  // namespace

int run(const std::string& config_file)
{
    config::LoadResult loaded = config::load_file(config_file);
    for (const std::string& warning : loaded.warnings) std::cerr << "warning: " << warning << '\n';
    if (!loaded.config) {
        for (const std::string& error : loaded.errors) std::cerr << error << '\n';
        return 2;
    }
    set_up_heap();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGIO, SIG_IGN);    // see push/open_files
    std::signal(SIGCHLD, SIG_DFL);  // ignored by who started us, the ends of programs would be lost
    try {
        log::configure(log_settings(loaded.config->log));
        StopLimit limit;
        Executors executors;
        Agent agent(executors, config_file, std::move(*loaded.config));
        Service service(executors.control());
        try {
            agent.start();
        } catch (const Error&) {
            // What had begun ends in order: it refers to loops that end after the agent does.
            agent.stop();
            executors.control().run();
            throw;
        }
        const Signals signals(executors, agent, service, limit);
        service.ready();
        log::info("agent", "started",
                  {{"pid", std::to_string(::getpid())}, {"version", LOCKSTEP_VERSION}});
        executors.control().run();
        log::info("agent", "stopped");
    } catch (const Error& error) {
        log::error("agent", error.what());
        std::cerr << "lockstep: " << error.what() << '\n';
        return 1;
    }
    return 0;
}

}  // namespace lockstep::agent
