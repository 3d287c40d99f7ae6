#include "agent/state/index_reader.h"

#include "base/path.h"

#include <algorithm>

namespace lockstep::state {
namespace {

Database opened(const std::string& file)
{
    return {file, Database::Mode::read_only};
}

}  // namespace

IndexReader::IndexReader(const std::string& file, bool one_moment)
    : database_(opened(file)),
      find_(database_, "SELECT fingerprint FROM entry WHERE directory = ?1 AND name = ?2"),
      list_(database_, "SELECT name, fingerprint FROM entry WHERE directory = ?1 ORDER BY name"),
      has_row_(database_,
               "SELECT 1 FROM dirty WHERE path = ?2 AND destination = "
               "(SELECT id FROM destination WHERE url = ?1)"),
      is_unsure_(database_,
                 "SELECT 1 FROM dirty WHERE path = ?2 AND in_flight <> 1 AND destination = "
                 "(SELECT id FROM destination WHERE url = ?1)"),
      open_paths_(database_,
                  "SELECT path FROM dirty WHERE in_flight <> 1 AND destination = "
                  "(SELECT id FROM destination WHERE url = ?1)")
{
    // A directory after the other: what was read is seldom read again.
    database_.run("PRAGMA cache_size = -512");
    if (one_moment) database_.run("BEGIN");
}

bool IndexReader::has_content()
{
    return database_.number(
               "SELECT count(*) FROM (SELECT 1 FROM entry WHERE name <> x'' LIMIT 1)") > 0;
}

std::optional<Fingerprint> IndexReader::find(std::string_view path)
{
    Statement& statement = find_.bind(1, parent_of(path)).bind(2, name_of_path(path));
    if (!statement.step()) return std::nullopt;
    std::optional<Fingerprint> found = unpacked(statement.bytes(0));
    statement.reset();
    return found;
}

bool IndexReader::has_row(std::string_view destination, std::string_view path)
{
    return has_row_.bind(1, destination).bind(2, path).finds_any();
}

bool IndexReader::is_unsure(std::string_view destination, std::string_view path)
{
    return is_unsure_.bind(1, destination).bind(2, path).finds_any();
}

std::vector<std::string> IndexReader::open_paths(std::string_view destination)
{
    std::vector<std::string> paths;
    Statement& statement = open_paths_.bind(1, destination);
    while (statement.step()) paths.emplace_back(statement.bytes(0));
    return paths;
}

void IndexReader::list(std::string_view directory, std::vector<Row>& rows)
{
    rows.clear();
    Statement& statement = list_.bind(1, directory);
    while (statement.step()) {
        if (statement.bytes(0).empty()) continue;  // the source itself
        // A row that cannot be read proves nothing: it differs from whatever is there.
        rows.push_back({std::string(statement.bytes(0)),
                        unpacked(statement.bytes(1)).value_or(Fingerprint{})});
    }
}

const Fingerprint* IndexReader::find_in(const std::vector<Row>& rows, std::string_view name)
{
    const auto row =
        std::lower_bound(rows.begin(), rows.end(), name,
                         [](const Row& one, std::string_view wanted) { return one.name < wanted; });
    return row != rows.end() && row->name == name ? &row->fingerprint : nullptr;
}

}  // namespace lockstep::state
