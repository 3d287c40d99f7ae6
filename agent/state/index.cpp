#include "agent/state/index.h"

#include "agent/state/boot.h"
#include "agent/state/index_file.h"
#include "agent/state/recording.h"
#include "base/path.h"

namespace lockstep::state {

Index::Index(const std::string& file, const Opening& opening)
    : file_(file),
      database_(open_index_file(file)),
      meta_(database_),
      entries_(database_),
      rows_(database_, meta_, opening.dirty_max)
{
    open_existing(opening);
}

void Index::open_existing(const Opening& opening)
{
    const std::string boot = boot_id();
    database_.run("PRAGMA synchronous = FULL");
    Transaction transaction(database_);
    const bool as_sent = meta_.find("sent_as") == opening.sent_as;
    const bool same_boot = !boot.empty() && meta_.find("boot") == boot;
    const bool trusted = meta_.find("closed") == "yes" || same_boot;
    if (!as_sent || !trusted) {
        // Nobody knows any more what the destinations have: all of them are new.
        database_.run("DELETE FROM destination");
        rows_.forget_all();
    }
    meta_.set("sent_as", opening.sent_as);
    meta_.set("boot", boot);
    meta_.set("closed", "no");
    settle_destinations(opening);
    transaction.commit();
    database_.run("PRAGMA synchronous = NORMAL");
}

// Those that are gone from the configuration are forgotten; a new one has everything before it.
void Index::settle_destinations(const Opening& opening)
{
    Destinations known;
    Statement all(database_, "SELECT id, url FROM destination");
    while (all.step()) known.emplace(all.bytes(1), all.number(0));
    for (const std::string& url : opening.destinations) {
        const auto found = known.find(url);
        if (found != known.end()) {
            destinations_.emplace(url, found->second);
            known.erase(found);
            continue;
        }
        if (destinations_.contains(url)) continue;
        Statement add(database_, "INSERT INTO destination (url) VALUES (?1)");
        add.bind(1, std::string_view(url)).run();
        destinations_.emplace(url, database_.last_row());
        rows_.add_new(database_.last_row());
    }
    for (const auto& [url, id] : known) {
        Statement remove(database_, "DELETE FROM destination WHERE id = ?1");
        remove.bind(1, id).run();
        rows_.forget(id);
    }
    rows_.load(destinations_);
}

std::int64_t Index::id_of(std::string_view destination) const
{
    const auto found = destinations_.find(destination);
    if (found == destinations_.end())
        throw DatabaseError(
            "state file " + quoted(file_) + ": no destination " + quoted(destination), false);
    return found->second;
}

std::optional<std::string> Index::source_identity()
{
    return meta_.find("source");
}

void Index::set_source_identity(std::string_view identity)
{
    if (meta_.find("source") == identity) return;
    meta_.set("source", identity);
}

std::vector<DirtyRow> Index::dirty(std::string_view destination)
{
    return rows_.of(id_of(destination));
}

void Index::keep_open(std::string_view destination, std::vector<std::string>& paths)
{
    const std::int64_t id = id_of(destination);
    if (!rows_.has_any(id)) {
        paths.clear();
        return;
    }
    const Transaction reading(database_, Transaction::Kind::read);
    std::erase_if(paths, [&](const std::string& path) { return !rows_.contains(id, path); });
}

std::optional<timespec> Index::open_since(std::string_view destination)
{
    return rows_.open_since(id_of(destination));
}

void Index::begin(std::string_view destination, const std::vector<DirtyRow>& rows)
{
    const std::int64_t id = id_of(destination);
    Transaction transaction(database_);
    rows_.begin(id, rows);
    transaction.commit();
}

std::vector<Lacking> Index::acknowledge(const Acknowledgement& acknowledgement)
{
    const std::int64_t id = id_of(acknowledgement.destination);
    Recording recording(acknowledgement, id, destinations_, rows_, entries_);
    Transaction transaction(database_);
    std::vector<Lacking> lacking = recording.run();
    transaction.commit();
    return lacking;
}

void Index::confirm(const std::vector<std::pair<std::string, Fingerprint>>& racy)
{
    Transaction transaction(database_);
    for (const auto& [path, fingerprint] : racy) entries_.confirm(path, fingerprint);
    transaction.commit();
}

void Index::give_back_memory()
{
    database_.give_back_memory();
}

void Index::close()
{
    database_.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database_.run("PRAGMA synchronous = FULL");
    meta_.set("closed", "yes");
    database_.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace lockstep::state
