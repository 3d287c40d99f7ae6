// Past it the stream fails, with a name for what was waited for.
#pragma once

#include "transport/stream.h"

#include <chrono>
#include <memory>
#include <string>

namespace lockstep::transport {

// While it lives, the stream fails with Error(timeout, retry) "NAME: timed out after N ms (PEER)"
// once `limit` has passed since construction or the last progress(). The stream must outlive it.
// Its timer's handler may be queued when it dies: it then finds nobody (shared state).
class Deadline {
public:
    Deadline(Stream& stream, std::chrono::milliseconds limit, std::string name);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    // Something moved: the clock starts again. Costs no system call.
    void progress() noexcept;

private:
    struct State;
    static void arm(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace lockstep::transport
