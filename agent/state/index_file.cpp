#include "agent/state/index_file.h"

#include "base/path.h"

#include <cstdint>

namespace lockstep::state {
namespace {

constexpr std::int64_t application_id = 0x6c6f636b;  // "lock"
constexpr std::int64_t format_version = 2;

// A directory's names lie together; "" in "" is the source itself.
constexpr const char* schema = R"sql(
    PRAGMA auto_vacuum = INCREMENTAL;
    CREATE TABLE entry (
        directory BLOB NOT NULL, name BLOB NOT NULL, fingerprint BLOB NOT NULL,
        PRIMARY KEY (directory, name)) WITHOUT ROWID;
    CREATE TABLE destination (id INTEGER PRIMARY KEY, url BLOB NOT NULL UNIQUE);
    CREATE TABLE dirty (
        destination INTEGER NOT NULL, path BLOB NOT NULL, look INTEGER NOT NULL,
        in_flight INTEGER NOT NULL, PRIMARY KEY (destination, path)) WITHOUT ROWID;
    CREATE TABLE meta (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
)sql";

void create(Database& database)
{
    database.run(schema);
    database.run(("PRAGMA application_id = " + std::to_string(application_id)).c_str());
    database.run(("PRAGMA user_version = " + std::to_string(format_version)).c_str());
}

}  // namespace

Database open_index_file(const std::string& file)
{
    Database database(file, Database::Mode::read_write);
    database.run("PRAGMA locking_mode = NORMAL");
    const bool fresh = database.number("PRAGMA user_version") == 0 &&
                       database.number("SELECT count(*) FROM sqlite_master") == 0;
    if (fresh) {
        create(database);
    } else if (database.number("PRAGMA application_id") != application_id ||
               database.number("PRAGMA user_version") != format_version) {
        throw DatabaseError("state file " + quoted(file) + " is from another version", true);
    }
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = NORMAL");
    return database;
}

}  // namespace lockstep::state
