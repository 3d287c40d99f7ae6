// What every destination lacks of the index, in a form that survives.
#pragma once

#include "agent/state/dirty_row.h"
#include "agent/state/meta.h"
#include "agent/state/sqlite.h"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::state {

using Destinations = std::map<std::string, std::int64_t, std::less<>>;  // url to number

// Rows of paths, by destination. A batch that is begun with no row beside it has none either, but
// one value for all of it (flight.h).
//
// Another destination may acknowledge a later state of a path while a push of it is under way. Its
// row is *overtaken*: what the push then acknowledges as sent is not that state, unless its own
// sighting says so.
//
// Whoever changes something has a transaction. Throws DatabaseError.
class DirtyRows {
public:
    // `rows_max`: of one destination; past it they become the whole tree.
    DirtyRows(Database& database, Meta& meta, std::size_t rows_max);

    // At the start, before anything else: no destination is known any more; one more, which has
    // the whole tree before it; one less.
    void forget_all();
    void add_new(std::int64_t destination);
    void forget(std::int64_t destination);
    // After these. What a push had begun is open in rows of its own.
    void load(const Destinations& destinations);

    std::vector<DirtyRow> of(std::int64_t destination);
    bool has_any(std::int64_t destination) const;                    // row
    bool contains(std::int64_t destination, std::string_view path);  // as a row
    std::optional<timespec> open_since(std::int64_t destination);

    void begin(std::int64_t destination, const std::vector<DirtyRow>& rows);
    // A batch of one value is over: it was this one, or what it holds becomes rows.
    void end(std::int64_t destination, const std::vector<DirtyRow>& rows);

    void add(std::int64_t destination, const DirtyRow& row);
    // It has an older state, of which a push may be under way.
    void add_overtaken(std::int64_t destination, std::string_view path, int look);

    // What the row covers has arrived as it was when it was begun.
    void clear(std::int64_t destination, const DirtyRow& row);
    // It has arrived, whatever its row says.
    void remove(std::int64_t destination, std::string_view path);
    // The destination has the state that the index has. Of a directory that says nothing of what is
    // in it.
    void has_state(std::int64_t destination, std::string_view path, bool directory);

private:
    void put(std::int64_t destination, std::string_view path, int look, int in_flight);
    // Of what has been open for longer: since when stays as it was noted.
    void put_row(std::int64_t destination, std::string_view path, int look, int in_flight);
    void note_open(std::int64_t destination);
    void collapse(std::int64_t destination);

    void begin_flight(std::int64_t destination, const std::vector<DirtyRow>& rows);
    void end_flight(std::int64_t destination, bool arrived);

    Database& database_;
    Meta& meta_;
    std::size_t rows_max_;
    std::map<std::int64_t, std::int64_t> counts_;  // of rows
    std::map<std::int64_t, std::string> flights_;

    Statement all_;
    Statement find_;
    Statement insert_;
    Statement raise_;
    Statement begin_again_;
    Statement begin_below_;
    Statement begin_all_;
    Statement clear_;
    Statement clear_below_;
    Statement clear_all_;
    Statement keep_overtaken_;
    Statement not_overtaken_;
    Statement has_state_;
    Statement remove_;
    Statement remove_all_;
};

}  // namespace lockstep::state
