#include "agent/state/index.h"

#include "agent/state/boot.h"
#include "agent/state/flight.h"
#include "agent/state/index_file.h"
#include "base/path.h"

#include <cstdlib>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace lockstep::state {
namespace {

// Of a dirty row's in_flight. Another destination may acknowledge a later state of a path while a
// push of it is under way: what the push then acknowledges as sent is not that state, unless its
// own sighting says so.
constexpr int begun = 1;
constexpr int overtaken = 2;        // the path itself
constexpr int overtaken_below = 4;  // a directory of the name went, with all that was in it
constexpr int content_look = 2;     // of the rows that these make; subtree_look below
// There was a row already when the push was begun: an earlier one may have arrived or not.
constexpr int unsure = 8;

// Of paths below `path`: from "path/" to "path0", the byte after '/'. Nothing for "": what is below
// a source is said by its directories, which are gone from the index with their own rows.
struct Below {
    explicit Below(std::string_view path)
        : from(path.empty() ? std::string() : std::string(path) + '/'),
          to(path.empty() ? std::string() : std::string(path) + '0')
    {
    }
    std::string from;
    std::string to;
};

std::string open_key(std::int64_t destination)
{
    return "open/" + std::to_string(destination);
}

std::string flight_key(std::int64_t destination)
{
    return "flight/" + std::to_string(destination);
}

}  // namespace

// The masks in the texts are of the bits that in_flight has above.
struct Index::Statements {
    explicit Statements(Database& database) : db(database) {}
    Database& db;
    Statement get{db, "SELECT fingerprint FROM entry WHERE directory = ?1 AND name = ?2"};
    Statement names{db, "SELECT name, fingerprint FROM entry WHERE directory = ?1"};
    Statement put{db, "INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3)"};
    Statement remove{db, "DELETE FROM entry WHERE directory = ?1 AND name = ?2"};
    Statement remove_in{db, "DELETE FROM entry WHERE directory = ?1"};
    Statement remove_below{db, "DELETE FROM entry WHERE directory >= ?1 AND directory < ?2"};
    Statement confirm{db,
                      "UPDATE entry SET fingerprint = ?4 WHERE directory = ?1 AND name = ?2 AND "
                      "fingerprint = ?3"};
    Statement is_open{db, "SELECT 1 FROM dirty WHERE destination = ?1 AND path = ?2"};
    Statement dirty{db, "SELECT path, look, in_flight FROM dirty WHERE destination = ?1"};
    Statement add_dirty{db, "INSERT OR IGNORE INTO dirty VALUES (?1, ?2, ?3, ?4)"};
    Statement raise_dirty{db,
                          "UPDATE dirty SET look = max(look, ?3), in_flight = in_flight | ?4 "
                          "WHERE destination = ?1 AND path = ?2"};
    Statement begin_again{db,
                          "UPDATE dirty SET look = max(look, ?3), in_flight = ?4 | 8 WHERE "
                          "destination = ?1 AND path = ?2"};
    Statement begin_below{db,
                          "UPDATE dirty SET in_flight = in_flight & 9 WHERE destination = ?1 AND "
                          "path >= ?2 AND path < ?3 AND in_flight & 6"};
    Statement begin_all{db,
                        "UPDATE dirty SET in_flight = in_flight & 9 WHERE destination = ?1 AND "
                        "in_flight & 6"};
    Statement clear_dirty{
        db, "DELETE FROM dirty WHERE destination = ?1 AND path = ?2 AND NOT in_flight & 6"};
    Statement forget_row{db, "DELETE FROM dirty WHERE destination = ?1 AND path = ?2"};
    Statement clear_dirty_below{db,
                                "DELETE FROM dirty WHERE destination = ?1 AND path >= ?2 AND "
                                "path < ?3 AND NOT in_flight & 6"};
    Statement clear_dirty_all{db, "DELETE FROM dirty WHERE destination = ?1 AND NOT in_flight & 6"};
    Statement keep_overtaken{db,
                             "UPDATE dirty SET look = CASE WHEN in_flight & 4 THEN 4 ELSE 2 END, "
                             "in_flight = in_flight & 6 WHERE destination = ?1 AND path = ?2 AND "
                             "in_flight & 6"};
    Statement not_overtaken{
        db, "UPDATE dirty SET in_flight = in_flight & ?3 WHERE destination = ?1 AND path = ?2"};
    Statement has_state{db,
                        "DELETE FROM dirty WHERE destination = ?1 AND path = ?2 AND look <= ?3 AND "
                        "NOT in_flight & 7"};
    Statement forget_dirty{db, "DELETE FROM dirty WHERE destination = ?1"};
};

Index::~Index() = default;

Index::Index(const std::string& file, const Opening& opening)
    : file_(file),
      database_(open_index_file(file)),
      dirty_max_(opening.dirty_max),
      meta_(database_),
      prepared_(std::make_unique<Statements>(database_))
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
        database_.run("DELETE FROM dirty");
        database_.run("DELETE FROM meta WHERE substr(key, 1, 5) = CAST('open/' AS BLOB)");
        database_.run("DELETE FROM meta WHERE substr(key, 1, 7) = CAST('flight/' AS BLOB)");
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
    std::map<std::string, std::int64_t, std::less<>> known;
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
        prepared_->add_dirty.bind(1, database_.last_row())
            .bind(2, std::string_view())
            .bind(3, subtree_look)
            .bind(4, 0)
            .run();
    }
    for (const auto& [url, id] : known) {
        Statement remove(database_, "DELETE FROM destination WHERE id = ?1");
        remove.bind(1, id).run();
        prepared_->forget_dirty.bind(1, id).run();
        for (const std::string& key : {open_key(id), flight_key(id)}) meta_.forget(key);
    }
    Statement counts(database_, "SELECT destination, count(*) FROM dirty GROUP BY destination");
    dirty_counts_.clear();
    while (counts.step()) dirty_counts_[counts.number(0)] = counts.number(1);
    for (const auto& [url, id] : destinations_) {
        std::optional<std::string> flight = meta_.find(flight_key(id));
        if (!flight) continue;
        flights_[id] = std::move(*flight);
        end_flight(id, false);
    }
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

// ---- dirty rows

std::vector<DirtyRow> Index::dirty(std::string_view destination)
{
    std::vector<DirtyRow> rows;
    Statement& statement = prepared_->dirty.bind(1, id_of(destination));
    while (statement.step())
        rows.push_back({std::string(statement.bytes(0)), static_cast<int>(statement.number(1)),
                        (statement.number(2) & begun) != 0});
    const auto flight = flights_.find(id_of(destination));
    if (flight == flights_.end()) return rows;
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < rows.size(); ++i) known.emplace(rows[i].path, i);
    for (DirtyRow& row : unpacked_flight(flight->second)) {
        const auto same = known.find(row.path);
        if (same == known.end()) {
            rows.push_back(std::move(row));
            continue;
        }
        rows[same->second].look = std::max(rows[same->second].look, row.look);
        rows[same->second].in_flight = true;
    }
    return rows;
}

void Index::keep_open(std::string_view destination, std::vector<std::string>& paths)
{
    const std::int64_t id = id_of(destination);
    if (dirty_counts_[id] == 0) {
        paths.clear();
        return;
    }
    const Transaction reading(database_, Transaction::Kind::read);
    std::erase_if(paths, [&](const std::string& path) {
        return !prepared_->is_open.bind(1, id).bind(2, path).finds_any();
    });
}

void Index::add_dirty(std::int64_t destination, std::string_view path, int look, int in_flight)
{
    const bool was_open = dirty_counts_[destination] > 0;
    add_row(destination, path, look, in_flight);
    if (!was_open) note_open(destination);
}

void Index::add_row(std::int64_t destination, std::string_view path, int look, int in_flight)
{
    const auto bind_to = [&](Statement& statement) -> Statement& {
        return statement.bind(1, destination).bind(2, path).bind(3, look).bind(4, in_flight);
    };
    bind_to(prepared_->add_dirty).run();
    if (database_.changes() == 0) {
        bind_to(in_flight == begun ? prepared_->begin_again : prepared_->raise_dirty).run();
        return;
    }
    if (++dirty_counts_[destination] > static_cast<std::int64_t>(dirty_max_))
        collapse_dirty(destination);
}

void Index::note_open(std::int64_t destination)
{
    const timespec now = time_of_look();
    meta_.set(open_key(destination),
              std::to_string(now.tv_sec) + '.' + std::to_string(now.tv_nsec));
}

std::optional<timespec> Index::open_since(std::string_view destination)
{
    const std::optional<std::string> text = meta_.find(open_key(id_of(destination)));
    const std::size_t point = text ? text->find('.') : std::string::npos;
    if (point == std::string::npos) return std::nullopt;
    return timespec{std::atoll(text->c_str()), std::atol(text->c_str() + point + 1)};
}

void Index::clear_dirty(std::int64_t destination, const DirtyRow& row)
{
    std::int64_t& count = dirty_counts_[destination];
    if (row.look >= subtree_look && row.path.empty()) {
        prepared_->clear_dirty_all.bind(1, destination).run();
        count -= database_.changes();
        prepared_->keep_overtaken.bind(1, destination).bind(2, row.path).run();
        return;
    }
    prepared_->clear_dirty.bind(1, destination).bind(2, row.path).run();
    count -= database_.changes();
    prepared_->keep_overtaken.bind(1, destination).bind(2, row.path).run();
    if (row.look < subtree_look) return;
    const Below below(row.path);
    prepared_->clear_dirty_below.bind(1, destination).bind(2, below.from).bind(3, below.to).run();
    count -= database_.changes();
}

// The destination has the state that the index has. Of a directory that says nothing of what is in
// it.
void Index::clear_own(std::int64_t destination, std::string_view path, bool directory)
{
    std::int64_t& count = dirty_counts_[destination];
    if (destinations_.size() < 2 || count == 0) return;
    const int kept = begun | unsure | (directory ? overtaken_below : 0);
    prepared_->not_overtaken.bind(1, destination).bind(2, path).bind(3, kept).run();
    const int look = directory ? content_look : subtree_look;
    prepared_->has_state.bind(1, destination).bind(2, path).bind(3, look).run();
    count -= database_.changes();
}

void Index::collapse_dirty(std::int64_t destination)
{
    prepared_->forget_dirty.bind(1, destination).run();
    prepared_->add_dirty.bind(1, destination)
        .bind(2, std::string_view())
        .bind(3, subtree_look)
        .bind(4, overtaken_below)
        .run();
    dirty_counts_[destination] = 1;
}

// A directory that went takes with it what the index knew of its content, which the others still
// have; should another directory have its name by the time they are sent to, it must not inherit
// that.
void Index::others_lack(std::int64_t destination, std::string_view path, int look)
{
    const int mark = look == subtree_look ? overtaken_below : overtaken;
    for (const auto& [url, id] : destinations_)
        if (id != destination) {
            add_dirty(id, path, look, mark);
            lacking_.push_back({url, std::string(path), look});
        }
}

void Index::begin_flight(std::int64_t destination, const std::vector<DirtyRow>& rows)
{
    std::string flight = packed_flight(rows);
    note_open(destination);
    meta_.set(flight_key(destination), flight);
    flights_[destination] = std::move(flight);
}

bool Index::is_flight(std::int64_t destination, const std::vector<DirtyRow>& rows) const
{
    const auto flight = flights_.find(destination);
    return flight != flights_.end() && flight->second == packed_flight(rows);
}

void Index::end_flight(std::int64_t destination, bool arrived)
{
    const auto flight = flights_.find(destination);
    if (flight == flights_.end()) return;
    const std::string bytes = std::move(flight->second);
    flights_.erase(flight);
    meta_.forget(flight_key(destination));
    if (arrived) return;
    for (const DirtyRow& row : unpacked_flight(bytes))
        add_row(destination, row.path, row.look, begun);
}

void Index::begin(std::string_view destination, const std::vector<DirtyRow>& rows)
{
    const std::int64_t id = id_of(destination);
    Transaction transaction(database_);
    // Of one that was not acknowledged nobody knows what became of it.
    end_flight(id, false);
    if (dirty_counts_[id] == 0 && rows.size() <= dirty_max_) {
        begin_flight(id, rows);
        transaction.commit();
        return;
    }
    for (const DirtyRow& row : rows) {
        add_dirty(id, row.path, row.look, begun);
        if (row.look < subtree_look) continue;
        const Below below(row.path);
        if (row.path.empty())
            prepared_->begin_all.bind(1, id).run();
        else
            prepared_->begin_below.bind(1, id).bind(2, below.from).bind(3, below.to).run();
    }
    transaction.commit();
}

// ---- what arrived

std::vector<Index::Lacking> Index::acknowledge(const Acknowledgement& acknowledgement)
{
    lacking_.clear();
    const std::int64_t id = id_of(acknowledgement.destination);
    Failed failed;
    for (const DirtyRow& row : acknowledgement.again) failed.insert(row.path);
    Transaction transaction(database_);
    if (!acknowledgement.sent.empty()) end_flight(id, is_flight(id, acknowledgement.sent));
    if (destinations_.size() > 1)
        for (const DirtyRow& row : acknowledgement.sent)
            if (row.look == attributes_look) by_attributes_.insert(row.path);
    if (dirty_counts_[id] > 0) clear_sent(id, acknowledgement, failed);
    for (const DirtyRow& row : acknowledgement.again)
        add_dirty(id, row.path, row.look, row.in_flight ? begun : 0);
    acknowledgement.sightings.for_each_group([&](const Sightings::Group& group) {
        if (group.complete)
            record_complete(id, group, failed);
        else
            record_some(id, group, failed);
    });
    transaction.commit();
    cleared_ = {};
    by_attributes_ = {};
    return std::exchange(lacking_, {});
}

// What was sent and seen to be a file is there in the state that the index is about to have: its
// row goes, whatever it said.
void Index::clear_sent(std::int64_t destination, const Acknowledgement& acknowledgement,
                       const Failed& failed)
{
    std::unordered_set<std::string> files;
    acknowledgement.sightings.for_each_group([&](const Sightings::Group& group) {
        for (const Sightings::Name& name : group.names) {
            const std::optional<Fingerprint> now = unpacked(name.fingerprint);
            std::string path = join(group.directory, name.name);
            if (now && !now->is_directory() && !failed.contains(path))
                files.insert(std::move(path));
        }
    });
    std::int64_t& count = dirty_counts_[destination];
    for (const DirtyRow& row : acknowledgement.sent) {
        if (row.look >= subtree_look || !files.contains(row.path)) {
            clear_dirty(destination, row);
            continue;
        }
        prepared_->forget_row.bind(1, destination).bind(2, row.path).run();
        count -= database_.changes();
        cleared_.insert(row.path);
    }
}

void Index::record_some(std::int64_t destination, const Sightings::Group& group,
                        const Failed& failed)
{
    for (const Sightings::Name& name : group.names) {
        if (failed.contains(join(group.directory, name.name))) continue;
        Statement& get = prepared_->get.bind(1, group.directory).bind(2, name.name);
        const std::string known(get.step() ? get.bytes(0) : std::string_view());
        get.reset();
        record(destination, group.directory, name, known);
    }
}

void Index::record_complete(std::int64_t destination, const Sightings::Group& group,
                            const Failed& failed)
{
    std::unordered_map<std::string, std::string> known;
    Statement& names = prepared_->names.bind(1, group.directory);
    while (names.step())
        if (!names.bytes(0).empty()) known.emplace(names.bytes(0), names.bytes(1));
    for (const Sightings::Name& name : group.names) {
        const auto row = known.find(std::string(name.name));
        const std::string before = row == known.end() ? std::string() : std::move(row->second);
        if (row != known.end()) known.erase(row);
        if (!failed.contains(join(group.directory, name.name)))
            record(destination, group.directory, name, before);
    }
    for (const auto& [name, before] : known)
        if (!failed.contains(join(group.directory, name)))
            forget(destination, group.directory, name, before);
}

void Index::record(std::int64_t destination, std::string_view directory,
                   const Sightings::Name& name, std::string_view known)
{
    if (name.fingerprint.empty()) {
        forget(destination, directory, name.name, known);
        return;
    }
    const std::string path = join(directory, name.name);
    const std::optional<Fingerprint> now = unpacked(name.fingerprint);
    if (!cleared_.contains(path)) clear_own(destination, path, now && now->is_directory());
    if (name.fingerprint == known) return;
    prepared_->put.bind(1, directory).bind(2, name.name).bind(3, name.fingerprint).run();
    if (!known.empty() && name.fingerprint.substr(1) == known.substr(1)) return;  // raciness alone
    const std::optional<Fingerprint> before = unpacked(known);
    int look = content_look;
    if (before && before->is_directory() && !(now && now->is_directory()))
        look = subtree_look;
    else if (before && now && (before->mode & S_IFMT) == (now->mode & S_IFMT) &&
             by_attributes_.contains(path))
        look = attributes_look;
    others_lack(destination, path, look);
    if (look == subtree_look) forget_below(path);
}

void Index::forget(std::int64_t destination, std::string_view directory, std::string_view name,
                   std::string_view known)
{
    const std::string path = join(directory, name);
    clear_own(destination, path, false);
    if (known.empty()) return;
    prepared_->remove.bind(1, directory).bind(2, name).run();
    const std::optional<Fingerprint> before = unpacked(known);
    const bool lost_directory = !before || before->is_directory();
    others_lack(destination, path, lost_directory ? subtree_look : content_look);
    if (lost_directory) forget_below(path);
}

void Index::forget_below(std::string_view path)
{
    const Below below(path);
    prepared_->remove_in.bind(1, path).run();
    prepared_->remove_below.bind(1, below.from).bind(2, below.to).run();
}

void Index::confirm(const std::vector<std::pair<std::string, Fingerprint>>& racy)
{
    Transaction transaction(database_);
    for (const auto& [path, fingerprint] : racy) {
        Fingerprint proven = fingerprint;
        proven.racy = false;
        const std::string before = packed(fingerprint);
        const std::string after = packed(proven);
        prepared_->confirm.bind(1, parent_of(path))
            .bind(2, name_of_path(path))
            .bind(3, before)
            .bind(4, after)
            .run();
    }
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
