// Random file operations over a small name space, so that they meet each other.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>

namespace lockstep::testing {

// The same seed does the same to the same trees. What it wants to do and cannot (the name is taken
// by a directory, the parent is a file) it leaves.
class RandomChanges {
public:
    // `outside`: a directory on the same file system, for moves out of the source and into it.
    RandomChanges(std::string source, std::string outside, std::uint64_t seed);

    void step();
    std::string last_steps() const;  // for whoever looks for a failure

private:
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
    std::string any_path();
    std::string any_name(const std::string& directory);
    std::string content();
    std::string act();

    std::string write(const std::string& path);
    std::string append(const std::string& path);
    std::string overwrite(const std::string& path);
    std::string truncate(const std::string& path);
    std::string save_over(const std::string& path);
    std::string make_directory(const std::string& path);
    std::string make_filled_directory(const std::string& path);
    std::string link(const std::string& path);
    std::string fifo(const std::string& path);
    std::string rename(const std::string& path);
    std::string exchange(const std::string& path);
    std::string move_out(const std::string& path);
    std::string move_in(const std::string& path);
    std::string remove(const std::string& path);
    std::string replace(const std::string& path);
    std::string attributes(const std::string& path);

    std::string source_;
    std::string outside_;
    std::mt19937_64 random_;
    std::uint64_t steps_ = 0;
    std::deque<std::string> last_;
};

}  // namespace lockstep::testing
