#include "agent/state/meta.h"

namespace lockstep::state {

Meta::Meta(Database& database)
    : find_(database, "SELECT value FROM meta WHERE key = ?1"),
      set_(database, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)"),
      forget_(database, "DELETE FROM meta WHERE key = ?1")
{
}

std::optional<std::string> Meta::find(std::string_view key)
{
    Statement& statement = find_.bind(1, key);
    if (!statement.step()) return std::nullopt;
    std::string value(statement.bytes(0));
    statement.reset();
    return value;
}

void Meta::set(std::string_view key, std::string_view value)
{
    set_.bind(1, key).bind(2, value).run();
}

void Meta::forget(std::string_view key)
{
    forget_.bind(1, key).run();
}

}  // namespace lockstep::state
