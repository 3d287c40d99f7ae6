// Whether a source is there, and is what its destinations have: only then anything is sent.
#pragma once

#include "agent/push/pusher.h"
#include "agent/record.h"

#include <string>
#include <utility>

namespace lockstep::agent {

// Why what the destinations have, of the file system `before`, did not come from what is at
// `source` now; empty when it may have.
std::string why_another_source(const std::string& source, const std::string& before);

// What the destinations have came from somewhere else than what is there now: a mount is missing,
// another disk is in its place. Deleting all they have is not for us to decide: it is refused until
// a person says that it is meant.
class SourceState {
public:
    SourceState(std::string mapping, std::string source)
        : mapping_(std::move(mapping)), source_(std::move(source))
    {
    }

    enum class Sight {
        gone,      // again: the watch tells when it is lost
        refused,   // detail() says why
        first,     // live, since the start
        again,     // live
        accepted,  // live, because a person said so
    };
    // The watch has seen all of it, or what was refused may have changed.
    Sight look(Record& record);
    void lost(const std::string& detail);
    void root_lost(const std::string& detail);
    // A person says that it is meant, of one that is refused.
    void accept() noexcept { accepted_ = true; }

    bool live() const noexcept { return live_; }  // scanned and watched, now
    bool missing() const noexcept { return missing_; }
    bool refused() const noexcept { return refused_; }  // it is there, and missing all the same
    const std::string& detail() const noexcept { return detail_; }  // why it is missing
    push::SourceIdentity identity() const noexcept { return identity_; }

private:
    std::string why_refused(Record& record) const;

    std::string mapping_;
    std::string source_;
    bool live_ = false;
    bool ever_live_ = false;
    bool missing_ = false;
    bool refused_ = false;
    bool accepted_ = false;
    std::string detail_;
    push::SourceIdentity identity_;
};

}  // namespace lockstep::agent
