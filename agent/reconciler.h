// Which subtrees of a source are to be compared with its index: one at a time, none twice.
#pragma once

#include "agent/record.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace lockstep::agent {

// On the control thread; shared with the comparison under way, which ends soon after stop().
class Reconciler : public std::enable_shared_from_this<Reconciler> {
public:
    struct Host {
        std::shared_ptr<Record> record;
        std::string source;
        std::vector<std::string> follow;  // links below it
        bool one_file_system = true;
        std::function<bool(std::string_view path, bool directory)> excluded;
        std::function<void(Record::Differences)> found;
        std::function<void(const std::string& subtree)>
            impossible;  // compare with the destinations
        std::function<void()> changed;
    };
    explicit Reconciler(Host host) : host_(std::move(host)) {}

    void stop();

    // Asks for a comparison that begins after now.
    void want(const std::string& subtree, push::SourceIdentity identity);

    // Everything that was wanted up to mark() is found once done(mark).
    std::uint64_t mark() const noexcept { return wanted_; }
    bool done(std::uint64_t mark) const noexcept { return done_ >= mark; }
    bool idle() const noexcept { return done_ == wanted_; }
    // The whole source is being compared, or about to be.
    bool whole() const noexcept { return running_ == std::string() || waiting_.contains(""); }

private:
    void next();

    Host host_;
    push::SourceIdentity identity_;
    std::set<std::string> waiting_;
    std::optional<std::string> running_;
    std::uint64_t wanted_ = 0;
    std::uint64_t done_ = 0;
    std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace lockstep::agent
