#include "transport/filter_rules.h"

namespace lockstep::transport {

void put_filter_rules(Bytes& out, const std::vector<std::string>& rules, int)
{
    for (const std::string& rule : rules) {
        if (rule.empty()) continue;
        put_i32(out, static_cast<std::int32_t>(rule.size()));
        put_bytes(out, rule);
    }
    put_i32(out, 0);
}

}  // namespace lockstep::transport
