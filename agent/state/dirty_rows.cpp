#include "agent/state/dirty_rows.h"

#include "agent/state/fingerprint.h"
#include "agent/state/flight.h"
#include "agent/state/paths_below.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>
#include <utility>

namespace lockstep::state {
namespace {

// Of in_flight. The masks in the statements are of these.
constexpr int begun = 1;
constexpr int overtaken = 2;        // the path itself
constexpr int overtaken_below = 4;  // a directory of the name went, with all that was in it
// There was a row already when the push was begun: an earlier one may have arrived or not.
constexpr int unsure = 8;

std::string open_key(std::int64_t destination)
{
    return "open/" + std::to_string(destination);
}

std::string flight_key(std::int64_t destination)
{
    return "flight/" + std::to_string(destination);
}

}  // namespace

DirtyRows::DirtyRows(Database& database, Meta& meta, std::size_t rows_max)
    : database_(database),
      meta_(meta),
      rows_max_(rows_max),
      all_(database, "SELECT path, look, in_flight FROM dirty WHERE destination = ?1"),
      find_(database, "SELECT 1 FROM dirty WHERE destination = ?1 AND path = ?2"),
      insert_(database, "INSERT OR IGNORE INTO dirty VALUES (?1, ?2, ?3, ?4)"),
      raise_(database,
             "UPDATE dirty SET look = max(look, ?3), in_flight = in_flight | ?4 "
             "WHERE destination = ?1 AND path = ?2"),
      begin_again_(database,
                   "UPDATE dirty SET look = max(look, ?3), in_flight = ?4 | 8 WHERE "
                   "destination = ?1 AND path = ?2"),
      begin_below_(database,
                   "UPDATE dirty SET in_flight = in_flight & 9 WHERE destination = ?1 AND "
                   "path >= ?2 AND path < ?3 AND in_flight & 6"),
      begin_all_(database,
                 "UPDATE dirty SET in_flight = in_flight & 9 WHERE destination = ?1 AND "
                 "in_flight & 6"),
      clear_(database,
             "DELETE FROM dirty WHERE destination = ?1 AND path = ?2 AND NOT in_flight & 6"),
      clear_below_(database,
                   "DELETE FROM dirty WHERE destination = ?1 AND path >= ?2 AND "
                   "path < ?3 AND NOT in_flight & 6"),
      clear_all_(database, "DELETE FROM dirty WHERE destination = ?1 AND NOT in_flight & 6"),
      keep_overtaken_(database,
                      "UPDATE dirty SET look = CASE WHEN in_flight & 4 THEN 4 ELSE 2 END, "
                      "in_flight = in_flight & 6 WHERE destination = ?1 AND path = ?2 AND "
                      "in_flight & 6"),
      not_overtaken_(
          database,
          "UPDATE dirty SET in_flight = in_flight & ?3 WHERE destination = ?1 AND path = ?2"),
      has_state_(database,
                 "DELETE FROM dirty WHERE destination = ?1 AND path = ?2 AND look <= ?3 AND "
                 "NOT in_flight & 7"),
      remove_(database, "DELETE FROM dirty WHERE destination = ?1 AND path = ?2"),
      remove_all_(database, "DELETE FROM dirty WHERE destination = ?1")
{
}

// ---- at the start

void DirtyRows::forget_all()
{
    database_.run("DELETE FROM dirty");
    database_.run("DELETE FROM meta WHERE substr(key, 1, 5) = CAST('open/' AS BLOB)");
    database_.run("DELETE FROM meta WHERE substr(key, 1, 7) = CAST('flight/' AS BLOB)");
}

void DirtyRows::add_new(std::int64_t destination)
{
    insert_.bind(1, destination).bind(2, std::string_view()).bind(3, subtree_look).bind(4, 0).run();
}

void DirtyRows::forget(std::int64_t destination)
{
    remove_all_.bind(1, destination).run();
    meta_.forget(open_key(destination));
    meta_.forget(flight_key(destination));
}

void DirtyRows::load(const Destinations& destinations)
{
    Statement counts(database_, "SELECT destination, count(*) FROM dirty GROUP BY destination");
    counts_.clear();
    while (counts.step()) counts_[counts.number(0)] = counts.number(1);
    for (const auto& [url, id] : destinations) {
        std::optional<std::string> flight = meta_.find(flight_key(id));
        if (!flight) continue;
        flights_[id] = std::move(*flight);
        end_flight(id, false);
    }
}

// ---- what there is

std::vector<DirtyRow> DirtyRows::of(std::int64_t destination)
{
    std::vector<DirtyRow> rows;
    Statement& statement = all_.bind(1, destination);
    while (statement.step())
        rows.push_back({std::string(statement.bytes(0)), static_cast<int>(statement.number(1)),
                        (statement.number(2) & begun) != 0});
    const auto flight = flights_.find(destination);
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

bool DirtyRows::has_any(std::int64_t destination) const
{
    const auto count = counts_.find(destination);
    return count != counts_.end() && count->second > 0;
}

bool DirtyRows::contains(std::int64_t destination, std::string_view path)
{
    return find_.bind(1, destination).bind(2, path).finds_any();
}

std::optional<timespec> DirtyRows::open_since(std::int64_t destination)
{
    const std::optional<std::string> text = meta_.find(open_key(destination));
    const std::size_t point = text ? text->find('.') : std::string::npos;
    if (point == std::string::npos) return std::nullopt;
    return timespec{std::atoll(text->c_str()), std::atol(text->c_str() + point + 1)};
}

void DirtyRows::note_open(std::int64_t destination)
{
    const timespec now = time_of_look();
    meta_.set(open_key(destination),
              std::to_string(now.tv_sec) + '.' + std::to_string(now.tv_nsec));
}

// ---- what is begun

void DirtyRows::begin(std::int64_t destination, const std::vector<DirtyRow>& rows)
{
    // Of one that was not acknowledged nobody knows what became of it.
    end_flight(destination, false);
    if (!has_any(destination) && rows.size() <= rows_max_) {
        begin_flight(destination, rows);
        return;
    }
    for (const DirtyRow& row : rows) {
        put(destination, row.path, row.look, begun);
        if (row.look < subtree_look) continue;
        const PathsBelow below(row.path);
        if (row.path.empty())
            begin_all_.bind(1, destination).run();
        else
            begin_below_.bind(1, destination).bind(2, below.from).bind(3, below.to).run();
    }
}

void DirtyRows::end(std::int64_t destination, const std::vector<DirtyRow>& rows)
{
    const auto flight = flights_.find(destination);
    if (flight == flights_.end()) return;
    end_flight(destination, flight->second == packed_flight(rows));
}

void DirtyRows::begin_flight(std::int64_t destination, const std::vector<DirtyRow>& rows)
{
    std::string flight = packed_flight(rows);
    note_open(destination);
    meta_.set(flight_key(destination), flight);
    flights_[destination] = std::move(flight);
}

void DirtyRows::end_flight(std::int64_t destination, bool arrived)
{
    const auto flight = flights_.find(destination);
    if (flight == flights_.end()) return;
    const std::string bytes = std::move(flight->second);
    flights_.erase(flight);
    meta_.forget(flight_key(destination));
    if (arrived) return;
    for (const DirtyRow& row : unpacked_flight(bytes))
        put_row(destination, row.path, row.look, begun);
}

// ---- what is open

void DirtyRows::add(std::int64_t destination, const DirtyRow& row)
{
    put(destination, row.path, row.look, row.in_flight ? begun : 0);
}

void DirtyRows::add_overtaken(std::int64_t destination, std::string_view path, int look)
{
    put(destination, path, look, look == subtree_look ? overtaken_below : overtaken);
}

void DirtyRows::put(std::int64_t destination, std::string_view path, int look, int in_flight)
{
    const bool was_open = has_any(destination);
    put_row(destination, path, look, in_flight);
    if (!was_open) note_open(destination);
}

void DirtyRows::put_row(std::int64_t destination, std::string_view path, int look, int in_flight)
{
    const auto bind_to = [&](Statement& statement) -> Statement& {
        return statement.bind(1, destination).bind(2, path).bind(3, look).bind(4, in_flight);
    };
    bind_to(insert_).run();
    if (database_.changes() == 0) {
        bind_to(in_flight == begun ? begin_again_ : raise_).run();
        return;
    }
    if (++counts_[destination] > static_cast<std::int64_t>(rows_max_)) collapse(destination);
}

void DirtyRows::collapse(std::int64_t destination)
{
    remove_all_.bind(1, destination).run();
    insert_.bind(1, destination)
        .bind(2, std::string_view())
        .bind(3, subtree_look)
        .bind(4, overtaken_below)
        .run();
    counts_[destination] = 1;
}

// ---- what arrived

void DirtyRows::clear(std::int64_t destination, const DirtyRow& row)
{
    std::int64_t& count = counts_[destination];
    const bool all = row.look >= subtree_look && row.path.empty();
    if (all)
        clear_all_.bind(1, destination).run();
    else
        clear_.bind(1, destination).bind(2, row.path).run();
    count -= database_.changes();
    keep_overtaken_.bind(1, destination).bind(2, row.path).run();
    if (all || row.look < subtree_look) return;
    const PathsBelow below(row.path);
    clear_below_.bind(1, destination).bind(2, below.from).bind(3, below.to).run();
    count -= database_.changes();
}

void DirtyRows::remove(std::int64_t destination, std::string_view path)
{
    remove_.bind(1, destination).bind(2, path).run();
    counts_[destination] -= database_.changes();
}

void DirtyRows::has_state(std::int64_t destination, std::string_view path, bool directory)
{
    std::int64_t& count = counts_[destination];
    if (count == 0) return;
    const int kept = begun | unsure | (directory ? overtaken_below : 0);
    not_overtaken_.bind(1, destination).bind(2, path).bind(3, kept).run();
    const int look = directory ? content_look : subtree_look;
    has_state_.bind(1, destination).bind(2, path).bind(3, look).run();
    count -= database_.changes();
}

}  // namespace lockstep::state
