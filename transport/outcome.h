// The daemon's messages and our own failures, gathered into what became of each path.
#pragma once

#include "transport/mux.h"
#include "transport/push_list.h"

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace lockstep::transport {

class OutcomeBuilder {
public:
    // The list must outlive the builder.
    // `protects`: the session's filter rules keep things there, so a directory to be deleted may
    // stay.
    OutcomeBuilder(const PushList& list, std::string module, std::string destination_path,
                   bool protects = false);

    void failed(PathFailure failure);
    void heard(const Message& message);

    // Why the daemon ended the session, in its own words, raw: its last complaint before "rsync
    // error: …". Empty while it has not (a complaint about one path is no reason for a lost
    // connection).
    const std::string& cause() const noexcept { return cause_; }

    PushOutcome take(PushFigures figures);

private:
    bool knows(const std::string& path);
    bool deletes(const std::string& path) const;

    const PushList& list_;
    std::string module_;
    std::string destination_path_;
    bool protects_;
    std::unordered_set<std::string_view> names_;  // of the list, made when first asked for
    std::unordered_set<std::string> failed_;
    PushOutcome outcome_;
    std::string last_complaint_;
    std::string cause_;
};

}  // namespace lockstep::transport
