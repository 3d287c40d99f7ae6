// The extended attributes behind an entry, and their long values for those who ask (PROTOCOL.md
// 21).
#pragma once

#include "transport/push_list.h"
#include "transport/wire.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace lockstep::transport {

// Equal sets are said and kept once. Values beyond 32 bytes are said as their md5.
class XattrSets {
public:
    // Returns the number of the set, from 0.
    std::uint32_t put(Bytes& out, const std::vector<XattrValue>& attributes);

    // `number` is 1-based, in the order of the set; null when the set has none such.
    const std::string* value(std::uint32_t set, std::int32_t number) const;

private:
    std::vector<std::vector<XattrValue>> sets_;
    std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
};

}  // namespace lockstep::transport
