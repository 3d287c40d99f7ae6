// Random operations over a small name space, so that they meet each other.
#pragma once

#include "tests/convergence/operation.h"

#include <random>
#include <string>

namespace lockstep::testing {

// A name that no operation is ever about, so that the source is never empty.
constexpr const char* anchor = ".anchor";
// Where files get their further names, and keep them. A file that is linked, written through the
// new name and unlinked, all within a blink, changes under its old name without a trace: no event
// tells of it, and nothing is left that could.
constexpr const char* links_directory = "links";

// Looks at what is in the source now, so the same seed makes the same operations only where
// nobody else is at work: a run that is to be repeated keeps what was made.
class OperationMaker {
public:
    // `moves`: how many times as often as usual things are moved.
    OperationMaker(std::string source, std::uint64_t seed, unsigned moves = 1);

    Operation next();

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    std::string any_path();
    std::string any_link();
    std::string any_name(const std::string& directory);
    std::uint64_t any_size();
    Operation::Kind any_kind();
    void fill_in(Operation& operation);

    std::string source_;
    std::mt19937_64 random_;
    unsigned moves_;
};

}  // namespace lockstep::testing
