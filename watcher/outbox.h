// Changes on their way to the sink: gathered, handed over by the thousand.
#pragma once

#include "watcher/change.h"

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace lockstep::watcher {

class Outbox {
public:
    static constexpr std::size_t batch_max = 4096;

    explicit Outbox(std::function<void(std::vector<Change>)> sink) : sink_(std::move(sink)) {}

    void add(Change change)
    {
        changes_.push_back(std::move(change));
        if (changes_.size() >= batch_max && !holding_) flush();
    }

    void flush()
    {
        if (!changes_.empty()) sink_(std::exchange(changes_, {}));
    }

    // While held nothing is handed over by itself.
    void hold(bool holding) { holding_ = holding; }
    void discard() { changes_.clear(); }

private:
    std::function<void(std::vector<Change>)> sink_;
    std::vector<Change> changes_;
    bool holding_ = false;
};

}  // namespace lockstep::watcher
