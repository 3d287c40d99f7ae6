// Bytes written the way the protocol's dumps are.
#pragma once

#include "transport/wire.h"

#include <string>
#include <string_view>

namespace lockstep::transport::test {

// "01 ff 00*4 'abc'": hex bytes, one of them repeated, text between quotes.
inline Bytes bytes(std::string_view dump)
{
    Bytes out;
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i < dump.size();) {
        if (dump[i] == ' ' || dump[i] == '\n') {
            ++i;
        } else if (dump[i] == '\'') {
            const std::size_t end = dump.find('\'', i + 1);
            put_bytes(out, dump.substr(i + 1, end - i - 1));
            i = end + 1;
        } else {
            const auto value = static_cast<std::byte>(digit(dump[i]) * 16 + digit(dump[i + 1]));
            i += 2;
            std::size_t times = 1;
            if (i < dump.size() && dump[i] == '*') {
                std::size_t used = 0;
                times = std::stoul(std::string(dump.substr(i + 1)), &used);
                i += 1 + used;
            }
            out.insert(out.end(), times, value);
        }
    }
    return out;
}

inline std::string hex(std::span<const std::byte> raw)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte b : raw) {
        if (!text.empty()) text += ' ';
        text += digits[std::to_integer<int>(b) >> 4];
        text += digits[std::to_integer<int>(b) & 15];
    }
    return text;
}

}  // namespace lockstep::transport::test
