#include "agent/run.h"

#include "agent/agent.h"
#include "agent/service.h"
#include "base/log.h"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;

// A stop that takes longer than this is cut short: everything that was not acknowledged is sent again at the
// next start.
constexpr std::chrono::seconds stop_limit{4};

class Signals {
public:
    Signals(Executors& executors, Agent& agent, Service& service)
        : agent_(agent),
          service_(service),
          set_(executors.control(), SIGTERM, SIGINT, SIGHUP),
          limit_(executors.control())
    {
        wait();
    }

private:
    void wait()
    {
        set_.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) return;
            if (number == SIGHUP) {
                service_.reloading();
                log::reopen();
                agent_.reload();
                service_.ready();
                wait();
                return;
            }
            log::info("agent", "stopping");
            service_.stopping();
            agent_.stop();
            limit_.expires_after(stop_limit);
            limit_.async_wait([](const boost::system::error_code& cancelled) {
                if (cancelled) return;
                log::warn("agent", "stopped with work in flight");
                std::_Exit(0);
            });
        });
    }

    Agent& agent_;
    Service& service_;
    asio::signal_set set_;
    asio::steady_timer limit_;
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
    std::signal(SIGPIPE, SIG_IGN);
    try {
        log::configure(log_settings(loaded.config->log));
        Executors executors;
        Agent agent(executors, config_file, std::move(*loaded.config));
        Service service(executors.control());
        agent.start();
        const Signals signals(executors, agent, service);
        service.ready();
        log::info("agent", "started", {{"pid", std::to_string(::getpid())}, {"version", LOCKSTEP_VERSION}});
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
