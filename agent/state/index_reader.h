// The acknowledged states as they were at one moment, read beside the writer.
#pragma once

#include "agent/state/fingerprint.h"
#include "agent/state/sqlite.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::state {

// A connection of its own: any thread, one at a time. Throws DatabaseError.
class IndexReader {
public:
    struct Row {
        std::string name;
        Fingerprint fingerprint;
    };

    // `one_moment`: all that is read is of the moment of the first reading; for as long as it
    // lives, the file cannot shrink. Else each reading is of its own moment.
    explicit IndexReader(const std::string& file, bool one_moment = true);

    // Something besides the source itself is known: a destination has what could be lost.
    bool has_content();
    std::optional<Fingerprint> find(std::string_view path);
    // The path has a dirty row of this destination, besides being part of a batch under way.
    bool has_row(std::string_view destination, std::string_view path);
    // Of a path of a batch under way: false where the destination had, until that was begun, the
    // state that find() says: no earlier push had had no acknowledgement, and no other destination
    // has acknowledged another state since.
    bool is_unsure(std::string_view destination, std::string_view path);
    // All paths that have one, but for those of which a push under way is the first since then.
    std::vector<std::string> open_paths(std::string_view destination);
    // The names in a directory, sorted by their bytes.
    void list(std::string_view directory, std::vector<Row>& rows);
    // Of such a list; null: it has no such name.
    static const Fingerprint* find_in(const std::vector<Row>& rows, std::string_view name);

    // For as long as it lives, readings are of one moment, and cheaper. Not with `one_moment`.
    class Moment {
    public:
        explicit Moment(IndexReader& index) : reading_(index.database_, Transaction::Kind::read) {}

    private:
        Transaction reading_;
    };

private:
    Database database_;
    Statement find_;
    Statement list_;
    Statement has_row_;
    Statement is_unsure_;
    Statement open_paths_;
};

}  // namespace lockstep::state
