// Waits until what is open at destinations has arrived there, or cannot.
#pragma once

#include "agent/destination.h"
#include "agent/status/command_result.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::agent {

// What is open when it is called. The message says of each destination that was not reached why;
// it is empty when all were. `obstacle`: why none can be reached; empty: they can.
boost::asio::awaitable<status::CommandResult> reach(
    std::vector<std::shared_ptr<Destination>> destinations, std::string prefix,
    std::function<std::string()> obstacle, plan::TimePoint limit);

}  // namespace lockstep::agent
