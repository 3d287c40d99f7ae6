#include "agent/state/entries.h"

#include "agent/state/paths_below.h"
#include "base/path.h"

namespace lockstep::state {

Entries::Entries(Database& database)
    : find_(database, "SELECT fingerprint FROM entry WHERE directory = ?1 AND name = ?2"),
      in_(database, "SELECT name, fingerprint FROM entry WHERE directory = ?1"),
      put_(database, "INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3)"),
      remove_(database, "DELETE FROM entry WHERE directory = ?1 AND name = ?2"),
      remove_in_(database, "DELETE FROM entry WHERE directory = ?1"),
      remove_below_(database, "DELETE FROM entry WHERE directory >= ?1 AND directory < ?2"),
      confirm_(database,
               "UPDATE entry SET fingerprint = ?4 WHERE directory = ?1 AND name = ?2 AND "
               "fingerprint = ?3")
{
}

std::string Entries::find(std::string_view directory, std::string_view name)
{
    Statement& statement = find_.bind(1, directory).bind(2, name);
    std::string found(statement.step() ? statement.bytes(0) : std::string_view());
    statement.reset();
    return found;
}

std::unordered_map<std::string, std::string> Entries::in(std::string_view directory)
{
    std::unordered_map<std::string, std::string> found;
    Statement& statement = in_.bind(1, directory);
    while (statement.step())
        if (!statement.bytes(0).empty()) found.emplace(statement.bytes(0), statement.bytes(1));
    return found;
}

void Entries::put(std::string_view directory, std::string_view name, std::string_view fingerprint)
{
    put_.bind(1, directory).bind(2, name).bind(3, fingerprint).run();
}

void Entries::remove(std::string_view directory, std::string_view name)
{
    remove_.bind(1, directory).bind(2, name).run();
}

void Entries::remove_below(std::string_view directory)
{
    const PathsBelow below(directory);
    remove_in_.bind(1, directory).run();
    remove_below_.bind(1, below.from).bind(2, below.to).run();
}

void Entries::confirm(std::string_view path, const Fingerprint& racy)
{
    Fingerprint proven = racy;
    proven.racy = false;
    const std::string before = packed(racy);
    const std::string after = packed(proven);
    confirm_.bind(1, parent_of(path))
        .bind(2, name_of_path(path))
        .bind(3, before)
        .bind(4, after)
        .run();
}

}  // namespace lockstep::state
