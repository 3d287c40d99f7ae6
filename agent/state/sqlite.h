// SQLite with exceptions and without its C types.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace lockstep::state {

// What SQLite could not do; `what()` names file and reason.
class DatabaseError : public Error {
public:
    DatabaseError(const std::string& what, bool damaged)
        : Error(ErrorKind::local, Remedy::retry, what), damaged_(damaged)
    {
    }
    // The file is none of ours or broken, rather than busy or the disk full.
    bool damaged() const noexcept { return damaged_; }

private:
    bool damaged_;
};

// One connection. Not used by two threads at a time. Every call throws DatabaseError.
class Database {
public:
    enum class Mode { read_write, read_only };
    Database(const std::string& file, Mode mode);

    void run(const char* sql);
    std::int64_t number(const char* sql);  // the one number that a statement gives
    std::int64_t changes() const;          // rows changed by the last statement
    std::int64_t last_row() const;
    void give_back_memory();  // pages that were read are read again when they are needed

    [[noreturn]] void fail(std::string_view doing) const;
    sqlite3* handle() const noexcept { return handle_.get(); }

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::string file_;
    std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared statement, used again and again: bind all parameters (from 1), step() until false.
class Statement {
public:
    Statement(Database& database, const char* sql);

    Statement& bind(int parameter, std::int64_t value);
    // The bytes must live until the statement has been stepped to its end.
    Statement& bind(int parameter, std::string_view bytes);

    bool step();       // true: a row is there; false: done, and ready to be bound again
    void run();        // of a statement without rows
    bool finds_any();  // whether there is a row; ready to be bound again
    std::int64_t number(int column) const;
    std::string_view bytes(int column) const;  // until the next step
    void reset();

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    Database& database_;
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Rolled back unless committed.
class Transaction {
public:
    // What only reads takes no lock that keeps a writer off.
    enum class Kind { write, read };
    explicit Transaction(Database& database, Kind kind = Kind::write);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database& database_;
    bool open_ = true;
};

}  // namespace lockstep::state
