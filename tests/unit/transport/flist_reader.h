// Reads a file list as a receiver does, written from PROTOCOL.md 11, 20, 21 and 22 apart from the
// encoder.
#pragma once

#include "transport/flist.h"

#include <map>
#include <string>
#include <vector>

namespace lockstep::transport::test {

struct ReadList {
    std::vector<Entry> entries;  // dir_kind as its flags say; links as (1, position of the first)
    std::vector<std::string> digests;       // of -c, by position; "" without
    std::vector<std::uint32_t> xattr_sets;  // by position
    std::map<std::uint32_t, std::string> users;
    std::map<std::uint32_t, std::string> groups;
    int io_error = 0;
    std::size_t bytes = 0;  // of the whole list
};

// Throws std::runtime_error for what cannot be read.
ReadList read_flist(std::span<const std::byte> raw, const FlistForm& form);

}  // namespace lockstep::transport::test
