#include "transport/packed_types.h"

#include "base/path.h"

#include <algorithm>
#include <array>

namespace lockstep::transport {
namespace {

// In order, for the search. None that is as often something plain: .ts, .mts, .pdf, .iso, .gpg.
constexpr std::array<std::string_view, 78> packed = {
    "3gp",   "7z",   "aac",  "ace",  "apk",  "arj",  "avi",  "avif", "br",   "bz2", "cab",  "cbr",
    "cbz",   "crx",  "deb",  "docx", "ear",  "epub", "flac", "flv",  "gif",  "gz",  "heic", "heif",
    "ipa",   "jar",  "jp2",  "jpe",  "jpeg", "jpg",  "jxl",  "lz",   "lz4",  "lzh", "lzma", "lzo",
    "m4a",   "m4v",  "mkv",  "mov",  "mp3",  "mp4",  "mpeg", "mpg",  "odp",  "ods", "odt",  "oga",
    "ogg",   "ogv",  "opus", "png",  "pptx", "rar",  "rpm",  "rz",   "snap", "sz",  "tbz",  "tbz2",
    "tgz",   "tlz",  "txz",  "tzst", "vob",  "war",  "webm", "webp", "whl",  "wma", "wmv",  "woff",
    "woff2", "xlsx", "xpi",  "xz",   "zip",  "zst",
};
static_assert(std::is_sorted(packed.begin(), packed.end()));

constexpr std::size_t longest = 5;

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_packed(std::string_view path) noexcept
{
    const std::string_view name = name_of_path(path);
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const std::string_view type = name.substr(dot + 1);
    if (type.empty() || type.size() > longest) return false;
    std::array<char, longest> letters{};
    std::transform(type.begin(), type.end(), letters.begin(), lower);
    return std::binary_search(packed.begin(), packed.end(),
                              std::string_view(letters.data(), type.size()));
}

}  // namespace lockstep::transport
