// What `chmod` makes of a mode: rsync's --chmod, which the sender applies to what it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::config {

// Items between commas, applied in their order: an optional D (directories only) or F (all else),
// then octal digits, or as chmod(1) has them [ugoa]* one of "-+=" [rwxXst]*. Without [ugoa] it is
// `a` less the bits of the umask.
class ModeChanges {
public:
    // None: not of that form.
    static std::optional<ModeChanges> parse(std::string_view text, std::uint32_t umask);

    const std::string& text() const noexcept { return text_; }
    bool operator==(const ModeChanges&) const = default;

    // Of a st_mode, type included; a symlink's is left as it is.
    std::uint32_t applied_to(std::uint32_t mode) const noexcept;

private:
    enum class On { all, directories, others };
    struct Change {
        On on = On::all;
        char operation = '=';           // one of "-+="
        std::uint32_t affected = 0;     // bits that '=' sets anew
        std::uint32_t bits = 0;         // of it
        std::uint32_t search_bits = 0;  // X: for directories, and where some x is set
        bool operator==(const Change&) const = default;
    };
    static bool parse_symbolic(std::string_view text, std::uint32_t umask, Change& change);

    std::string text_;
    std::vector<Change> changes_;
};

// This process's, without changing it.
std::uint32_t current_umask();

}  // namespace lockstep::config
