// The set of mappings, the status server, reload by difference, shutdown with a deadline.
#pragma once

#include "agent/executors.h"
#include "agent/mapping.h"
#include "agent/state/state_dir.h"
#include "agent/status/http_server.h"
#include "base/log.h"
#include "config/load.h"
#include "watcher/drainer.h"

#include <memory>
#include <string>
#include <vector>

namespace lockstep::agent {

// Lives on the control thread of `executors`.
class Agent {
public:
    Agent(Executors& executors, std::string config_file, config::Config config);
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    // Throws Error(local, needs_person) when the socket or inotify cannot be had; nothing is half
    // started then.
    void start();
    // Reads the file again: a bad one changes nothing. Mappings that are the same go on untouched.
    status::CommandResult reload();
    // Ends everything; the control context runs dry by itself.
    void stop();

private:
    status::Control control();
    std::shared_ptr<const status::Snapshot> snapshot() const;
    std::shared_ptr<Mapping> find(const std::string& name) const;
    std::shared_ptr<Mapping> make_mapping(const config::Mapping& config);
    boost::asio::awaitable<status::CommandResult> flush(
        std::vector<std::string> names, std::optional<std::chrono::milliseconds> timeout);

    Executors& executors_;
    std::string config_file_;
    config::Config config_;
    std::unique_ptr<state::StateDir> state_dir_;
    watcher::Drainer drainer_;
    std::shared_ptr<push::Slots> slots_ = std::make_shared<push::Slots>();
    std::vector<std::shared_ptr<Mapping>> mappings_;
    std::unique_ptr<status::HttpServer> server_;
    std::chrono::system_clock::time_point started_at_;
    bool stopping_ = false;
};

log::Settings log_settings(const config::Log& log);

}  // namespace lockstep::agent
