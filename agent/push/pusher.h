// One batch to one destination: look at the source, plan, push each step, report.
#pragma once

#include "agent/push/grown_files.h"
#include "agent/push/large_files.h"
#include "agent/push/link_index.h"
#include "agent/push/observe.h"
#include "agent/push/open_files.h"
#include "agent/push/read_files.h"
#include "agent/push/session_pool.h"
#include "agent/push/unasked.h"
#include "agent/state/sightings.h"
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

// Sessions that we lost, of which nobody knows what their daemons do with the lists. One whose
// process was killed leaves the temporary file it was writing beside its target (PROTOCOL.md 18.1),
// and nobody there removes it.
struct LostSessions {
    bool any = false;
    bool timed_out = false;             // one of them
    std::set<std::string> directories;  // whose content the lists were about
};

// Paths are those of the batch or below them; "" is the source itself.
struct PushReport {
    void add(PushReport more);

    std::vector<transport::PathFailure> failures;
    std::vector<std::string> unlisted;  // of the failures, directories whose content is unknown
    std::vector<std::string> unattributed;
    std::vector<std::string> withheld;  // deletions, too many of them
    std::vector<std::string> held;      // open for writing: they wait for their close
    LostSessions lost;                  // on the way
    bool links_unknown = false;         // a file has names that nobody knows: compare the source
    bool max_delete_hit = false;        // the daemon stopped deleting in a compare
    std::size_t deletions = 0;
    state::Sightings sightings;  // the states that were sent, but for the failures
    std::vector<std::pair<std::string, state::Fingerprint>> racy;  // of these
    transport::PushFigures figures;
    std::optional<transport::PeerFacts> peer;  // none: nothing had to be sent
    std::uint32_t sessions = 0;
};

// Everything a push needs, by value: it runs on a line of its own while its owner goes on.
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

    // On the way.
    bool had_session = false;  // one has done its work
    LostSessions lost;
    std::size_t under_way = 0;          // sessions
    std::vector<plan::Step> once_more;  // compares whose part of the deletions was too small
};

// The session broke while files were under way.
class BrokenPush : public Error {
public:
    // `begun`: the daemon may have begun with the list of this session, or done one before it.
    explicit BrokenPush(const Error& why, std::optional<std::string> path = {}, bool begun = true,
                        LostSessions lost = {})
        : Error(why), path_(std::move(path)), begun_(begun), lost_(std::move(lost))
    {
    }
    // The daemon gave up over this one, and ended by itself.
    const std::optional<std::string>& path() const noexcept { return path_; }
    bool begun() const noexcept { return begun_; }
    const LostSessions& lost() const noexcept { return lost_; }

private:
    std::optional<std::string> path_;
    bool begun_;
    LostSessions lost_;
};

// The options of the usual push of live changes, those that a warm session is opened with. A daemon
// may refuse the ones that deletions need.
transport::PushOptions live_options(const transport::PushOptions& preserved,
                                    const std::vector<std::string>& filter_rules,
                                    bool with_deletions);

// Runs on the strand of its sessions. Throws Error when a session as a whole failed, BrokenPush
// when that was after its list was begun: then nothing of the batch counts as acknowledged.
// Error(source, retry) when the source is not the directory it was.
boost::asio::awaitable<PushReport> push_batch(PushJob job);

// Logs in and pushes an empty list: the daemon lets us in and would take files. Throws like
// push_batch.
boost::asio::awaitable<transport::PeerFacts> probe(transport::Endpoint endpoint,
                                                   transport::PushOptions options);

}  // namespace lockstep::push
