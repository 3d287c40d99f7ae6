#include "agent/state/sqlite.h"

#include "base/path.h"

#include <sqlite3.h>

namespace lockstep::state {
namespace {

constexpr int busy_limit_ms = 5000;

bool is_damage(int code)
{
    const int primary = code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR ||
           primary == SQLITE_FORMAT;
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const
{
    ::sqlite3_close_v2(handle);
}

Database::Database(const std::string& file, Mode mode) : file_(file)
{
    const int flags = SQLITE_OPEN_NOMUTEX |
                      (mode == Mode::read_only ? SQLITE_OPEN_READONLY
                                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* opened = nullptr;
    const int code = ::sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
    handle_.reset(opened);
    if (code != SQLITE_OK) fail("open");
    ::sqlite3_extended_result_codes(opened, 1);
    ::sqlite3_busy_timeout(opened, busy_limit_ms);
}

void Database::fail(std::string_view doing) const
{
    const int code =
        handle_ ? ::sqlite3_extended_errcode(handle_.get()) : static_cast<int>(SQLITE_NOMEM);
    const char* said = handle_ ? ::sqlite3_errmsg(handle_.get()) : "out of memory";
    throw DatabaseError(
        "state file " + quoted(file_) + ": " + std::string(doing) + ": " + escaped(said),
        is_damage(code));
}

void Database::run(const char* sql)
{
    if (::sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

std::int64_t Database::number(const char* sql)
{
    Statement statement(*this, sql);
    if (!statement.step()) fail(sql);
    return statement.number(0);
}

void Database::give_back_memory()
{
    ::sqlite3_db_release_memory(handle_.get());
}

std::int64_t Database::changes() const
{
    return ::sqlite3_changes(handle_.get());
}

std::int64_t Database::last_row() const
{
    return ::sqlite3_last_insert_rowid(handle_.get());
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const
{
    ::sqlite3_finalize(statement);
}

Statement::Statement(Database& database, const char* sql) : database_(database)
{
    sqlite3_stmt* prepared = nullptr;
    const int code = ::sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                          &prepared, nullptr);
    handle_.reset(prepared);
    if (code != SQLITE_OK) database.fail(sql);
}

Statement& Statement::bind(int parameter, std::int64_t value)
{
    if (::sqlite3_bind_int64(handle_.get(), parameter, value) != SQLITE_OK) database_.fail("bind");
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view bytes)
{
    // An empty view may have no address, which would bind NULL.
    const char* data = bytes.empty() ? "" : bytes.data();
    const int code =
        ::sqlite3_bind_blob64(handle_.get(), parameter, data, bytes.size(), SQLITE_STATIC);
    if (code != SQLITE_OK) database_.fail("bind");
    return *this;
}

bool Statement::step()
{
    const int code = ::sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) {
        try {
            database_.fail(::sqlite3_sql(handle_.get()));
        } catch (...) {
            reset();  // forgets the error that fail() has read
            throw;
        }
    }
    reset();
    return false;
}

bool Statement::finds_any()
{
    const bool found = step();
    if (found) reset();
    return found;
}

void Statement::run()
{
    while (step()) {
    }
}

std::int64_t Statement::number(int column) const
{
    return ::sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::bytes(int column) const
{
    const void* data = ::sqlite3_column_blob(handle_.get(), column);
    const int length = ::sqlite3_column_bytes(handle_.get(), column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(length)};
}

void Statement::reset()
{
    ::sqlite3_reset(handle_.get());
    ::sqlite3_clear_bindings(handle_.get());
}

Transaction::Transaction(Database& database, Kind kind) : database_(database)
{
    database_.run(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction()
{
    if (open_) ::sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit()
{
    database_.run("COMMIT");
    open_ = false;
}

}  // namespace lockstep::state
