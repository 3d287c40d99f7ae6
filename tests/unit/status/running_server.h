// A real server on a real unix socket, on a thread of its own, with a control that only notes what
// it is asked.
#pragma once

#include "agent/status/http_server.h"
#include "tests/support/temp_tree.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lockstep::status {

// Answers every command with `result`; flush waits while `holding`.
class FakeControl {
public:
    explicit FakeControl(Snapshot snapshot)
        : snapshot_(std::make_shared<const Snapshot>(std::move(snapshot)))
    {
    }

    void set_snapshot(std::shared_ptr<const Snapshot> snapshot);
    void set_result(CommandResult result);
    std::vector<std::string> calls() const;  // "flush web,mail 5000", "resync web 1", …

    std::atomic<bool> holding{false};
    std::atomic<bool> throwing{false};  // flush in its coroutine, reload before it has one
    std::atomic<int> flushes_cancelled{0};

private:
    friend Control control_of(const std::shared_ptr<FakeControl>& fake);
    CommandResult note(std::string call);
    std::shared_ptr<const Snapshot> snapshot() const;

    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> snapshot_;
    CommandResult result_{true, "done", {}, {}};
    std::vector<std::string> calls_;
};

Control control_of(const std::shared_ptr<FakeControl>& fake);

class RunningServer {
public:
    explicit RunningServer(Snapshot snapshot, HttpOptions options = {});
    ~RunningServer();
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    std::string socket() const;
    std::uint16_t tcp_port() const;
    void publish(EventLine line);
    void stop();  // as the agent does: on the executor; returns when it has run dry

    const std::shared_ptr<FakeControl> control;

private:
    struct Thread;
    lockstep::testing::TempDir dir_;
    std::unique_ptr<Thread> thread_;
};

}  // namespace lockstep::status
