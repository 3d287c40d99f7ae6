// A YAML file to a Config, or every mistake in it at once.
#pragma once

#include "config/config.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::config {

struct LoadResult {
    std::optional<Config> config;  // only when `errors` is empty
    std::vector<std::string>
        errors;  // "FILE:12:13: mappings[0].batch.settle: expected …, found 'soon'"
    std::vector<std::string> warnings;  // the same form; nothing that stops a start
    // The line of every pattern, by mapping and Filter's key: {"web", "exclude[2]"} -> 31.
    std::map<std::pair<std::string, std::string>, std::size_t> pattern_lines;
};

// `file` is what messages name. Never throws; an unreadable file is one error.
LoadResult load_file(const std::string& file);
LoadResult load_text(const std::string& text, const std::string& file);

}  // namespace lockstep::config
