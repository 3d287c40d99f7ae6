#include "config/mode_changes.h"

#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <span>

namespace lockstep::config {
namespace {

constexpr std::uint32_t mode_bits = 07777;
constexpr std::uint32_t usual_umask = 022;

std::optional<std::uint32_t> octal(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    if (error != std::errc() || end != text.data() + text.size() || value > mode_bits)
        return std::nullopt;
    return value;
}

struct Bits {
    char letter;
    std::uint32_t bits;
};
// rwx, set-id and sticky of those who are named.
constexpr Bits of_who[] = {{'u', 04700}, {'g', 02070}, {'o', 01007}, {'a', mode_bits}};
constexpr Bits of_permission[] = {{'r', 0444}, {'w', 0222},  {'x', 0111},
                                  {'X', 0111}, {'s', 06000}, {'t', 01000}};

// 0: it is none of them.
std::uint32_t bits_of(std::span<const Bits> letters, char letter)
{
    for (const Bits& one : letters)
        if (one.letter == letter) return one.bits;
    return 0;
}

}  // namespace

bool ModeChanges::parse_symbolic(std::string_view text, std::uint32_t umask, Change& change)
{
    std::uint32_t who = 0;
    while (!text.empty() && bits_of(of_who, text.front()) != 0) {
        who |= bits_of(of_who, text.front());
        text.remove_prefix(1);
    }
    // '=' leaves set-id and sticky bits as they are.
    change.affected = who == 0 ? 0777 : who & 0777;
    if (who == 0) who = mode_bits & ~umask;
    if (text.empty() || std::string_view("-+=").find(text.front()) == std::string_view::npos)
        return false;
    change.operation = text.front();
    text.remove_prefix(1);
    for (const char permission : text) {
        const std::uint32_t bits = bits_of(of_permission, permission);
        if (bits == 0) return false;
        // The sticky bit belongs to nobody in particular.
        const std::uint32_t theirs = permission == 't' ? bits : bits & who;
        (permission == 'X' ? change.search_bits : change.bits) |= theirs;
    }
    return true;
}

std::optional<ModeChanges> ModeChanges::parse(std::string_view text, std::uint32_t umask)
{
    ModeChanges all;
    all.text_ = text;
    for (;;) {
        const std::size_t comma = text.find(',');
        std::string_view item = text.substr(0, comma);
        Change change;
        if (item.starts_with('D')) change.on = On::directories;
        if (item.starts_with('F')) change.on = On::others;
        if (change.on != On::all) item.remove_prefix(1);
        if (const std::optional<std::uint32_t> mode = octal(item)) {
            change.affected = mode_bits;
            change.bits = *mode;
        } else if (!parse_symbolic(item, umask, change)) {
            return std::nullopt;
        }
        all.changes_.push_back(change);
        if (comma == std::string_view::npos) return all;
        text.remove_prefix(comma + 1);
    }
}

std::uint32_t ModeChanges::applied_to(std::uint32_t mode) const noexcept
{
    if (S_ISLNK(mode)) return mode;
    const bool directory = S_ISDIR(mode);
    for (const Change& change : changes_) {
        if (change.on == (directory ? On::others : On::directories)) continue;
        const bool searched = directory || (mode & 0111) != 0;
        const std::uint32_t bits = change.bits | (searched ? change.search_bits : 0);
        if (change.operation == '-') mode &= ~bits;
        if (change.operation == '=') mode &= ~change.affected;
        if (change.operation != '-') mode |= bits;
    }
    return mode;
}

std::uint32_t current_umask()
{
    std::ifstream status("/proc/self/status");
    std::string line;
    constexpr std::string_view key = "Umask:\t";
    while (std::getline(status, line))
        if (line.starts_with(key))
            return octal(std::string_view(line).substr(key.size())).value_or(usual_umask);
    return usual_umask;
}

}  // namespace lockstep::config
