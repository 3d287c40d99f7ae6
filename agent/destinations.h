// All destinations of a source: what is dirty is dirty at each of them.
#pragma once

#include "agent/destination.h"
#include "agent/hooks.h"
#include "agent/plan/settle.h"
#include "agent/record.h"
#include "config/config.h"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::agent {

// They share the mapping's hooks, and what one has read of a file.
class Destinations {
public:
    using All = std::vector<std::shared_ptr<Destination>>;
    using TimePoint = plan::TimePoint;

    Destinations(const config::Mapping& config, const boost::asio::any_io_executor& control);

    // Makes them, with what the last run left open at each. The host is without hooks and threads;
    // `line` gives those of one more destination.
    void start(const config::Mapping& config, DestinationHost host,
               const std::function<push::SessionPool::Threads()>& line);
    void stop();

    void mark(const std::string& path, plan::Look look, TimePoint now, bool closed = false);
    void mark(const std::vector<plan::Settled>& settled);
    void mark(const Record::Differences& differences, TimePoint now);

    const All& all() const noexcept { return all_; }
    All::const_iterator begin() const noexcept { return all_.begin(); }
    All::const_iterator end() const noexcept { return all_.end(); }

private:
    All all_;
    std::shared_ptr<Hook> in_step_;
    std::shared_ptr<Hook> trouble_;
};

}  // namespace lockstep::agent
