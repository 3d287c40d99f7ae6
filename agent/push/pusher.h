// One batch to one destination: look at the source, plan, push each step, report.
#pragma once

#include "agent/push/link_index.h"
#include "agent/push/observe.h"
#include "transport/push_session.h"

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>

namespace lockstep::push {

// Which directory the source is, so that another one in its place is never taken for it.
struct SourceIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const SourceIdentity&) const = default;
};

// Everything a push needs, by value: it runs on the transfer pool while its owner goes on.
struct PushJob {
    std::string source;  // absolute
    SourceIdentity identity;
    std::function<transport::Endpoint()>
        endpoint;                           // reads the password afresh; may throw Error(auth)
    transport::PushOptions options;         // what the mapping preserves
    std::vector<std::string> filter_rules;  // protect what is excluded from deletions
    ObserveOptions observe;
    plan::PlanOptions plan;
    plan::Batch batch;
    std::shared_ptr<LinkIndex> links;               // this destination's; null: no link is followed
    std::shared_ptr<transport::Progress> progress;  // may be null
    std::shared_ptr<std::atomic<bool>> cancelled;
};

// Paths are those of the batch or below them; "" is the source itself.
struct PushReport {
    std::vector<transport::PathFailure> failures;
    std::vector<std::string> unlisted;  // of the failures, directories whose content is unknown
    std::vector<std::string> unattributed;
    std::vector<std::string> withheld;  // deletions, too many of them
    bool links_unknown = false;         // a file has names that nobody knows: compare the source
    bool max_delete_hit = false;        // the daemon stopped deleting in a compare
    std::size_t deletions = 0;
    transport::PushFigures figures;
    std::optional<transport::PeerFacts> peer;  // none: nothing had to be sent
    std::uint32_t sessions = 0;
};

// The session broke while files were under way. A daemon whose process was killed leaves the
// temporary file it was writing (".NAME.XXXXXX") beside its target, and nobody there removes it.
class BrokenPush : public Error {
public:
    explicit BrokenPush(const Error& why) : Error(why) {}
};

// Runs on a strand of the transfer pool. Throws Error when a session as a whole failed, BrokenPush
// when that was after its list was begun: then nothing of the batch counts as acknowledged.
// Error(source, retry) when the source is not the directory it was.
boost::asio::awaitable<PushReport> push_batch(PushJob job);

// Logs in and pushes an empty list: the daemon lets us in and would take files. Throws like
// push_batch.
boost::asio::awaitable<transport::PeerFacts> probe(transport::Endpoint endpoint,
                                                   transport::PushOptions options);

}  // namespace lockstep::push
