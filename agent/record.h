// What one mapping remembers on disk, used from the control thread: the index works on its own.
#pragma once

#include "agent/push/link_index.h"
#include "agent/push/pusher.h"
#include "agent/state/index.h"
#include "agent/state/reconcile.h"
#include "agent/state/state_dir.h"
#include "config/config.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::agent {

using Racy = std::vector<std::pair<std::string, state::Fingerprint>>;

// An index that cannot be used any more is set aside, said in the log, and never in anybody's way:
// from then on nothing is remembered (works() is false), and the next start compares everything.
//
// Writes run on the store executor in the order in which they were asked for; everything else is
// called on the control thread.
class Record : public std::enable_shared_from_this<Record> {
public:
    struct Executors {
        boost::asio::any_io_executor control;
        boost::asio::any_io_executor transfer;
        boost::asio::any_io_executor store;
    };
    Record(const state::StateDir& directory, const config::Mapping& mapping, Executors executors);

    bool works() const noexcept { return works_; }
    const std::string& index_file() const noexcept { return file_; }

    // Of the time before this start; a destination that is new has the whole tree before it.
    std::vector<state::DirtyRow> dirty(const std::string& destination);
    std::optional<timespec> open_since(const std::string& destination);
    // The destinations have something that could be lost.
    bool has_content();
    // It works, and not even the source itself was ever acknowledged.
    bool is_blank();
    // Of the source that the content is of; empty when there was none yet.
    const std::string& source_identity() const noexcept { return identity_; }
    void set_source_identity(const std::string& identity);

    // Before a batch is sent: it may have arrived, should we not live to hear of it.
    boost::asio::awaitable<void> begin(std::string destination, std::vector<state::DirtyRow> rows);
    void acknowledge(state::Acknowledgement acknowledgement);
    // Of the paths, those that are open at the destination after all that it has acknowledged.
    using Paths = std::vector<std::string>;
    void find_open(std::string destination, Paths paths, std::function<void(Paths)> found);
    // Told, on the control thread, what a destination's acknowledgement says that others lack: of a
    // change that no event told of, the compare with the index may find nothing any more.
    using Lacking = std::vector<state::Lacking>;
    void on_lacking(std::function<void(const Lacking&)> told) { lacking_ = std::move(told); }
    // Once it has been told of all that was acknowledged before.
    boost::asio::awaitable<void> told() const;
    // A piece of a push that goes on: takes its sightings. Any thread.
    void acknowledge(const std::string& destination, push::PushReport& piece);
    void confirm(Racy racy);

    struct Differences {
        std::vector<state::Difference> found;
        push::LinksSeen links;
    };
    struct Reconcile {
        std::string source;
        std::vector<std::string> follow;
        push::SourceIdentity identity;
        std::string subtree;
        bool one_file_system = true;
        std::function<bool(std::string_view path, bool directory)> excluded;
        std::function<bool()> cancelled;           // any thread
        std::function<void(Differences)> sink;     // on the control thread, now and then
        std::function<void(bool complete)> ended;  // on the control thread, at last
    };
    // Compares with the index in the background, on the pool.
    void reconcile(Reconcile work);

    // After large work: gives back the memory it took, in a moment.
    void tidy();

    void close();

private:
    void open(const state::Index::Opening& opening);
    // Runs on the store thread; a failure ends the record.
    void write(std::function<void(state::Index&)> work);
    void do_now(const std::function<void(state::Index&)>& work);  // on the store thread
    void broke(const std::string& why);

    std::string mapping_;
    Executors executors_;
    std::string file_;
    std::string identity_;
    std::shared_ptr<state::Index> index_;  // touched by the store thread once it works
    std::function<void(const Lacking&)> lacking_;
    std::atomic<bool> works_ = false;
};

}  // namespace lockstep::agent
