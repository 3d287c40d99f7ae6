#include "agent/state/flight.h"

#include <cstdint>

namespace lockstep::state {

std::string packed_flight(const std::vector<DirtyRow>& rows)
{
    std::string bytes;
    for (const DirtyRow& row : rows) {
        bytes += static_cast<char>(row.look);
        for (int shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>(row.path.size() >> shift);
        bytes += row.path;
    }
    return bytes;
}

std::vector<DirtyRow> unpacked_flight(std::string_view bytes)
{
    constexpr std::size_t head = 5;
    std::vector<DirtyRow> rows;
    while (!bytes.empty()) {
        std::size_t length = 0;
        for (std::size_t i = 1; i < head && bytes.size() >= head; ++i)
            length |= std::size_t{static_cast<std::uint8_t>(bytes[i])} << (8 * (i - 1));
        if (bytes.size() < head || bytes.size() - head < length)
            return {{std::string(), subtree_look, true}};
        const int look = static_cast<std::uint8_t>(bytes.front());
        rows.push_back({std::string(bytes.substr(head, length)), look, true});
        bytes.remove_prefix(head + length);
    }
    return rows;
}

}  // namespace lockstep::state
