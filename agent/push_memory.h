// What a destination's pushes leave for the next one, and what the index knows of what is there.
#pragma once

#include "agent/links_heard.h"
#include "agent/push/pusher.h"
#include "agent/record.h"

#include <memory>
#include <string>

namespace lockstep::agent {

// One push at a time has it, from lend() to give_back().
class PushMemory {
public:
    // `destination`: as the index calls it.
    PushMemory(std::shared_ptr<Record> record, std::string destination)
        : record_(std::move(record)), destination_(std::move(destination))
    {
    }

    void lend(push::PushJob& job);
    void give_back() noexcept { links_.give_back(); }

    // It has had a whole compare, in this run or before, or is to have its first.
    void compared(bool whole) noexcept { compared_ = whole; }
    LinksHeard& links() noexcept { return links_; }

private:
    std::shared_ptr<state::IndexReader> index();
    std::shared_ptr<push::Unasked> unasked(const std::shared_ptr<state::IndexReader>& index);

    std::shared_ptr<Record> record_;
    std::string destination_;
    bool compared_ = true;
    LinksHeard links_;
    std::shared_ptr<state::IndexReader> index_;
    std::shared_ptr<push::Unasked> unasked_;  // made with the first batch
    std::shared_ptr<push::GrownFiles> grown_ = std::make_shared<push::GrownFiles>();
    std::shared_ptr<push::LargeFiles> large_ = std::make_shared<push::LargeFiles>();
};

}  // namespace lockstep::agent
