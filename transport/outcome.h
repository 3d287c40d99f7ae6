// The daemon's messages and our own failures, gathered into what became of each path.
#pragma once

#include "transport/mux.h"
#include "transport/peer_text.h"
#include "transport/push_list.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
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
    // The one path that the cause is about; none: it is not about one path.
    std::optional<std::string> path_of_cause();

    PushOutcome take(PushFigures figures);

private:
    // The listed paths that a complaint is about; none: nobody knows.
    std::vector<std::string> blamed_by(const PeerComplaint& complaint);
    bool is_deleted(const std::string& path) const;  // once names_ are there
    void fail_below(const PathFailure& failure);
    void fail_links();

    const PushList& list_;
    std::string module_;
    std::string destination_path_;
    bool protects_;
    // Of the list, made when first asked for: which of them are deletions.
    std::unordered_map<std::string_view, bool> names_;
    std::unordered_set<std::string> failed_;
    PushOutcome outcome_;
    std::string last_complaint_;
    std::string cause_;
};

}  // namespace lockstep::transport
