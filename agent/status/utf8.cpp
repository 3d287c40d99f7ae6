#include "agent/status/utf8.h"

#include "base/path.h"

#include <cstddef>
#include <cstdint>

namespace lockstep::status {
namespace {

// The shape of a sequence by its first byte; 0 bytes: none begins so. The second byte's range is
// what rules out overlong forms, surrogates and what lies beyond U+10FFFF (Unicode, table 3-7).
struct Shape {
    std::size_t length;
    std::uint8_t second_min;
    std::uint8_t second_max;
};

Shape shape_of(std::uint8_t lead) noexcept
{
    if (lead < 0x80) return {1, 0, 0};
    if (lead < 0xc2) return {0, 0, 0};
    if (lead < 0xe0) return {2, 0x80, 0xbf};
    if (lead == 0xe0) return {3, 0xa0, 0xbf};
    if (lead == 0xed) return {3, 0x80, 0x9f};
    if (lead < 0xf0) return {3, 0x80, 0xbf};
    if (lead == 0xf0) return {4, 0x90, 0xbf};
    if (lead < 0xf4) return {4, 0x80, 0xbf};
    if (lead == 0xf4) return {4, 0x80, 0x8f};
    return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept
{
    std::size_t at = 0;
    while (at < text.size()) {
        const Shape shape = shape_of(static_cast<std::uint8_t>(text[at]));
        if (shape.length == 0 || text.size() - at < shape.length) return false;
        for (std::size_t i = 1; i < shape.length; ++i) {
            const auto byte = static_cast<std::uint8_t>(text[at + i]);
            const std::uint8_t least = i == 1 ? shape.second_min : 0x80;
            const std::uint8_t most = i == 1 ? shape.second_max : 0xbf;
            if (byte < least || byte > most) return false;
        }
        at += shape.length;
    }
    return true;
}

std::string as_utf8(std::string_view text)
{
    return is_utf8(text) ? std::string(text) : escaped(text);
}

}  // namespace lockstep::status
