// systemd: ready, reloading, stopping, and the watchdog; nothing happens where there is no systemd.
#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace lockstep::agent {

class Service {
public:
    explicit Service(boost::asio::io_context& control);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    void ready();
    static void reloading();
    void stopping();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lockstep::agent
