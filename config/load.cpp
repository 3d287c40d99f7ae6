#include "config/load.h"

#include "base/error.h"
#include "base/fd.h"
#include "config/cross_checks.h"
#include "config/document.h"
#include "config/read_mapping.h"
#include "config/read_service.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace lockstep::config {
namespace {

constexpr std::size_t mappings_max = 1'000;
constexpr std::size_t patterns_max = 100'000;

void read_mappings(Fields& root, Config& config, LoadResult& result)
{
    Diagnostics& out = root.out();
    const Value* defaults = root.find("defaults");
    if (defaults && defaults->kind == Value::Kind::null) defaults = nullptr;
    if (defaults) check_defaults(*defaults, out);
    if (defaults && defaults->kind != Value::Kind::map) defaults = nullptr;

    const Value* list = root.find("mappings");
    if (!list) return root.missing("mappings", "a list of mappings");
    if (list->kind != Value::Kind::list)
        return out.expected(list->place, list->key, "a list of mappings", described(*list));
    if (list->items.size() > mappings_max)
        return out.expected(list->place, list->key, "at most 1000 mappings",
                            std::to_string(list->items.size()));
    if (list->items.empty())
        out.warning(list->place, list->key, "the list is empty: nothing will be sent");

    std::size_t patterns_in_all = 0;  // those of `defaults` count for each mapping
    for (const Value& item : list->items) {
        config.mappings.push_back(read_mapping(item, defaults, out));
        for (const std::string key : {"include", "exclude"}) {
            const Value* patterns = item.find(key);
            if (!patterns && defaults) patterns = defaults->find(key);
            if (!patterns) continue;
            patterns_in_all += patterns->items.size();
            if (patterns_in_all > patterns_max)
                return out.expected(item.place, item.key, "at most 100000 patterns in all", "more");
            for (std::size_t i = 0; i < patterns->items.size(); ++i)
                result.pattern_lines[{config.mappings.back().name,
                                      key + '[' + std::to_string(i) + ']'}] =
                    patterns->items[i].place.line;
        }
    }
    check_across(config, *list, out);
}

// None when there is nothing to go by at all.
std::optional<Config> read_config(const Value& document, Diagnostics& out, LoadResult& result)
{
    Config config;
    Fields root(&document, nullptr, document, out);
    if (document.kind != Value::Kind::map && document.kind != Value::Kind::null)
        return std::nullopt;
    config.service = read_service(root.map("service"));
    config.log = read_log(root.map("log"));
    config.inotify = read_inotify(root.map("inotify"));
    read_mappings(root, config, result);
    root.finish();
    return config;
}

LoadResult failed(const std::string& file, const std::string& why)
{
    LoadResult result;
    result.errors.push_back(file + ": " + why);
    return result;
}

}  // namespace

LoadResult load_file(const std::string& file)
{
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return failed(file, describe_errno("open", file, errno));

    // One byte more than allowed is enough to be refused.
    std::string text(document_bytes_max + 1, '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t got = ::read(fd.get(), text.data() + filled, text.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed(file, describe_errno("read", file, errno));
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    text.resize(filled);
    return load_text(text, file);
}

LoadResult load_text(const std::string& text, const std::string& file)
{
    LoadResult result;
    Diagnostics out(file);
    std::optional<Config> config;
    const std::optional<Value> document = read_document(text, out);
    if (document) config = read_config(*document, out, result);
    result.errors = out.errors();
    result.warnings = out.warnings();
    if (result.errors.empty()) result.config = std::move(config);
    return result;
}

}  // namespace lockstep::config
