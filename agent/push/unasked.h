// Which files of a list may be sent without waiting to be asked for.
#pragma once

#include "agent/plan/dirty_set.h"
#include "agent/state/index_reader.h"
#include "transport/push_list.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace lockstep::push {

// Of those that the plan would send unasked (it knows which files' content has to go): by what the
// index knows of the destination (PROTOCOL.md 24.3) the parent is a directory there, about which
// nothing is open, and what has the file's name, if anything, is a regular file. Small files only,
// and not more of them than keeps the line busy until requests come.
class Unasked {
public:
    static constexpr std::uint64_t file_bytes_max = 64 * 1024;
    static constexpr std::uint64_t list_bytes_max = 1024 * 1024;
    static constexpr std::size_t list_files_max = 1000;
    static constexpr std::size_t waiting_max = 100'000;

    Unasked(std::shared_ptr<state::IndexReader> index, std::string destination)
        : index_(std::move(index)), destination_(std::move(destination))
    {
    }

    // What was begun: of these it is known what the destination had before, unless the index
    // doubts it; of what else is sent nobody knows.
    void begun(const plan::Batch& batch);
    void choose(transport::PushList& list);
    static void choose_none(transport::PushList& list);

    // The path waits to be asked for, or for an answer, when it is sent the next time.
    void wait_next_time(const std::string& path);

    // A daemon that refuses a file by rules of its own ends the session over it: from now on
    // everything waits to be asked for.
    void give_up() noexcept { given_up_ = true; }

private:
    bool needs_no_answer(const transport::PushList& list);
    transport::Unasked chance_of(const transport::Entry& entry);
    bool is_there(std::string_view directory);

    std::shared_ptr<state::IndexReader> index_;
    std::string destination_;
    std::unordered_set<std::string> begun_;
    std::unordered_map<std::string, bool> directories_;  // of the list under way
    std::unordered_set<std::string> waiting_;
    bool given_up_ = false;
};

}  // namespace lockstep::push
