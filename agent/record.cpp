#include "agent/record.h"

#include "agent/elsewhere.h"
#include "agent/heap.h"
#include "agent/state/index_reader.h"
#include "base/log.h"
#include "base/path.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <future>
#include <thread>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds tidy_delay{100};  // the threads are done with what they free

// Whatever decides what a destination has of a source; with other words, all has to be compared.
std::string sent_as(const config::Mapping& mapping)
{
    const config::Preserve& preserve = mapping.preserve;
    std::string text = mapping.source + '\n';
    for (const bool flag :
         {preserve.links, preserve.perms, preserve.times, preserve.owner, preserve.group,
          preserve.devices, preserve.specials, preserve.hard_links, preserve.acls, preserve.xattrs,
          preserve.sparse, mapping.numeric_ids, mapping.one_file_system,
          mapping.remove == config::Delete::yes, mapping.remove == config::Delete::live})
        text += flag ? '1' : '0';
    text += '\n' + (mapping.chmod ? mapping.chmod->text() : std::string());
    text +=
        '\n' + (mapping.chown ? mapping.chown->user + ':' + mapping.chown->group : std::string());
    for (const std::string& path : mapping.follow) text += '\n' + path;
    return text;
}

state::Index::Opening opening_of(const config::Mapping& mapping)
{
    state::Index::Opening opening;
    opening.sent_as = sent_as(mapping);
    for (const config::Destination& destination : mapping.destinations)
        opening.destinations.push_back(config::to_string(destination.url));
    opening.dirty_max = mapping.queue.max_pending;
    return opening;
}

asio::awaitable<void> run_on_store(std::function<void()> work)
{
    work();
    co_return;
}

}  // namespace

Record::Record(const state::StateDir& directory, const config::Mapping& mapping,
               Executors executors)
    : mapping_(mapping.name),
      executors_(std::move(executors)),
      file_(directory.index_file(mapping.name))
{
    // In its turn: a mapping of this name that was stopped just now closes the file first.
    std::promise<void> opened;
    asio::post(executors_.store, [&] {
        open(opening_of(mapping));
        opened.set_value();
    });
    opened.get_future().wait();
}

void Record::open(const state::Index::Opening& opening)
{
    try {
        try {
            index_ = std::make_shared<state::Index>(file_, opening);
        } catch (const state::DatabaseError& error) {
            if (!error.damaged()) throw;
            const std::string aside = state::StateDir::set_aside(file_);
            log::warn("state",
                      std::string(error.what()) + "; set aside as " + quoted(aside) +
                          ": everything is compared",
                      {{"mapping", mapping_}});
            index_ = std::make_shared<state::Index>(file_, opening);
        }
        identity_ = index_->source_identity().value_or(std::string());
        works_ = true;
    } catch (const state::DatabaseError& error) {
        log::error("state", std::string(error.what()) + "; going on without a record",
                   {{"mapping", mapping_}});
    }
}

// Read before the first write was asked for, while the store thread has nothing of ours yet.
std::vector<state::DirtyRow> Record::dirty(const std::string& destination)
{
    if (works_) {
        try {
            return index_->dirty(destination);
        } catch (const state::DatabaseError& error) {
            broke(error.what());
        }
    }
    return {{std::string(), state::subtree_look, false}};
}

std::optional<timespec> Record::open_since(const std::string& destination)
{
    if (!works_) return std::nullopt;
    try {
        return index_->open_since(destination);
    } catch (const state::DatabaseError& error) {
        broke(error.what());
    }
    return std::nullopt;
}

bool Record::has_content()
{
    if (!works_) return false;
    try {
        return state::IndexReader(file_).has_content();
    } catch (const state::DatabaseError& error) {
        log::warn("state", error.what(), {{"mapping", mapping_}});
        return true;  // who cannot know must not risk it
    }
}

bool Record::is_blank()
{
    if (!works_) return false;
    try {
        return !state::IndexReader(file_).find(std::string_view());
    } catch (const state::DatabaseError& error) {
        log::warn("state", error.what(), {{"mapping", mapping_}});
        return false;
    }
}

void Record::set_source_identity(const std::string& identity)
{
    if (identity_ == identity) return;
    identity_ = identity;
    write([identity](state::Index& index) { index.set_source_identity(identity); });
}

void Record::write(std::function<void(state::Index&)> work)
{
    if (!works_) return;
    asio::post(executors_.store,
               [self = shared_from_this(), work = std::move(work)] { self->do_now(work); });
}

void Record::do_now(const std::function<void(state::Index&)>& work)
{
    if (!works_ || !index_) return;
    try {
        work(*index_);
    } catch (const state::DatabaseError& error) {
        broke(error.what());
    }
}

void Record::broke(const std::string& why)
{
    works_ = false;
    index_.reset();
    const std::string aside = state::StateDir::set_aside(file_);
    log::error("state",
               why + "; set aside as " + quoted(aside) + ": the next start compares everything",
               {{"mapping", mapping_}});
}

asio::awaitable<void> Record::begin(std::string destination, std::vector<state::DirtyRow> rows)
{
    if (!works_) co_return;
    const auto shared = std::make_shared<const std::vector<state::DirtyRow>>(std::move(rows));
    const std::function<void()> work = [self = shared_from_this(), destination, shared] {
        self->do_now([&](state::Index& index) { index.begin(destination, *shared); });
    };
    Elsewhere store;
    co_await store.run(executors_.store, run_on_store(work));
}

asio::awaitable<void> Record::told() const
{
    const std::function<void()> nothing = [] {};
    Elsewhere store;
    co_await store.run(executors_.store, run_on_store(nothing));
}

void Record::acknowledge(state::Acknowledgement acknowledgement)
{
    const auto shared = std::make_shared<const state::Acknowledgement>(std::move(acknowledgement));
    write([self = shared_from_this(), shared](state::Index& index) {
        std::vector<state::Lacking> lacking = index.acknowledge(*shared);
        if (lacking.empty()) return;
        asio::post(self->executors_.control, [self, moved = std::move(lacking)] {
            if (self->lacking_) self->lacking_(moved);
        });
    });
}

void Record::find_open(std::string destination, Paths paths, std::function<void(Paths)> found)
{
    asio::post(executors_.store, [self = shared_from_this(), destination = std::move(destination),
                                  paths = std::move(paths), found = std::move(found)]() mutable {
        self->do_now([&](state::Index& index) { index.keep_open(destination, paths); });
        asio::post(self->executors_.control,
                   [found = std::move(found), paths = std::move(paths)] { found(paths); });
    });
}

void Record::acknowledge(const std::string& destination, push::PushReport& piece)
{
    state::Acknowledgement acknowledgement;
    acknowledgement.destination = destination;
    constexpr int content = static_cast<int>(plan::Look::content);
    for (const transport::PathFailure& failure : piece.failures)
        acknowledgement.again.push_back({failure.path, content, false});
    for (const std::vector<std::string>* paths : {&piece.withheld, &piece.held})
        for (const std::string& path : *paths)
            acknowledgement.again.push_back({path, content, false});
    acknowledgement.sightings = std::exchange(piece.sightings, {});
    acknowledge(std::move(acknowledgement));
}

void Record::confirm(Racy racy)
{
    write([racy = std::move(racy)](state::Index& index) { index.confirm(racy); });
}

void Record::reconcile(Reconcile work)
{
    const auto shared = std::make_shared<const Reconcile>(std::move(work));
    // What was acknowledged before is in the index by then.
    asio::post(executors_.store, [self = shared_from_this(), shared] {
        asio::post(self->executors_.transfer, [self, shared] {
            const asio::any_io_executor control = self->executors_.control;
            bool complete = false;
            try {
                const Beneath source(shared->source, shared->one_file_system, shared->follow);
                struct stat status {};
                const bool same =
                    source.status(std::string_view(), status) == 0 &&
                    push::SourceIdentity{status.st_dev, status.st_ino} == shared->identity;
                if (same && self->works_) {
                    push::LinksSeen links;
                    state::Reconciliation how;
                    how.one_file_system = shared->one_file_system;
                    how.threads = std::max(1U, std::thread::hardware_concurrency());
                    how.excluded = shared->excluded;
                    how.cancelled = shared->cancelled;
                    how.found = [&](std::vector<state::Difference> found) {
                        asio::post(control, [shared, moved = std::move(found)]() mutable {
                            shared->sink({std::move(moved), {}});
                        });
                    };
                    how.linked = [&](std::string_view path, const struct stat& linked) {
                        links.links.push_back({std::string(path), push::link_device(linked.st_dev),
                                               linked.st_ino, linked.st_nlink});
                    };
                    links.begun = std::chrono::steady_clock::now();
                    state::reconcile(source, self->file_, shared->subtree, how);
                    links.ended = std::chrono::steady_clock::now();
                    links.whole_source = shared->subtree.empty();
                    asio::post(control, [shared, moved = std::move(links)]() mutable {
                        shared->sink({{}, std::move(moved)});
                    });
                    complete = true;
                }
            } catch (const state::DatabaseError& error) {
                self->write(
                    [self, why = std::string(error.what())](state::Index&) { self->broke(why); });
            } catch (const Error& error) {
                log::debug("state", error.what(), {{"mapping", self->mapping_}});
            }
            if (shared->subtree.empty()) self->tidy();
            // What was acknowledged meanwhile, and was not seen for that, has been told by then.
            asio::post(self->executors_.store, [control, shared, complete] {
                asio::post(control, [shared, complete] { shared->ended(complete); });
            });
        });
    });
}

void Record::tidy()
{
    const auto timer = std::make_shared<asio::steady_timer>(executors_.store, tidy_delay);
    timer->async_wait([self = shared_from_this(), timer](const boost::system::error_code&) {
        self->do_now([](state::Index& index) { index.give_back_memory(); });
        give_back_memory();
    });
}

void Record::close()
{
    lacking_ = nullptr;
    write([self = shared_from_this()](state::Index& index) {
        index.close();
        self->works_ = false;
        self->index_.reset();
    });
}

}  // namespace lockstep::agent
