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

std::string escaped_in_pattern(std::string_view bytes)
{
    std::string pattern;
    for (const char c : bytes) {
        if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

std::string literal_pattern(std::string_view path)
{
    const bool wild = path.find_first_of("*?[") != std::string_view::npos;
    return wild ? escaped_in_pattern(path) : std::string(path);
}

}  // namespace lockstep::transport
