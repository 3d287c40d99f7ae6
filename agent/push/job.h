// A batch for one destination, and everything that its push needs.
#pragma once

#include "agent/push/grown_files.h"
#include "agent/push/large_files.h"
#include "agent/push/link_index.h"
#include "agent/push/observe.h"
#include "agent/push/open_files.h"
#include "agent/push/read_files.h"
#include "agent/push/report.h"
#include "agent/push/session_pool.h"
#include "agent/push/unasked.h"
#include "transport/push_session.h"

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <set>

namespace lockstep::push {

// Which directory the source is, so that another one in its place is never taken for it.
struct SourceIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const SourceIdentity&) const = default;
};

// By value: the push runs on a line of its own while its owner goes on.
struct PushJob {
    std::string source;               // absolute
    std::vector<std::string> follow;  // links below it that stand for directories
    SourceIdentity identity;
    std::shared_ptr<SessionPool> sessions;  // the push runs on its strand
    std::shared_ptr<Unasked> unasked;       // null: nothing is sent unasked
    std::shared_ptr<GrownFiles> grown;      // this destination's; null: nothing is appended
    std::shared_ptr<LargeFiles> large;      // this destination's; null: nothing is asked for them
    // Of a file's path; empty: none is.
    std::function<bool(std::string_view path)> append_only;
    std::function<bool(std::string_view path)> in_place;
    OpenFiles open_files;
    std::shared_ptr<ReadFiles> read_files;  // the mapping's; null: there is no other destination
    std::shared_ptr<state::IndexReader> index;  // null: it is not known which files are new
    std::string destination;                    // as the index calls it
    bool destination_known = false;             // it has had a whole compare
    transport::PushOptions options;             // what the mapping preserves
    std::vector<std::string> filter_rules;      // protect what is excluded from deletions
    ObserveOptions observe;
    plan::PlanOptions plan;
    plan::Batch batch;
    std::size_t piece_entries = 10'000;  // of one list, unless a directory has more
    std::shared_ptr<LinkIndex> links;    // this destination's; null: no link is followed
    LinksSeen links_seen;                // by others, since the last push
    std::vector<LinkMove> links_moved;   // since then
    std::set<std::string>
        not_now;  // files that failed and wait: a compare sends no content of them
    std::shared_ptr<transport::Progress> progress;  // may be null
    // Told of each piece that has arrived but the last, on the line; may take its sightings away.
    // Not of one about which the daemon said what we do not understand.
    std::function<void(PushReport&)> arrived;
    std::shared_ptr<std::atomic<bool>> cancelled;
    std::size_t connections = 1;  // sessions beside one another, as long as the daemon has slots

    bool is_cancelled() const { return cancelled && *cancelled; }
};

}  // namespace lockstep::push
