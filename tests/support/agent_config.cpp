#include "tests/support/agent_config.h"

#include "tests/support/temp_tree.h"

#include <algorithm>

namespace lockstep::testing {

namespace {

std::string indented(const std::vector<std::string>& lines, std::size_t columns)
{
    std::string text;
    for (const std::string& line : lines) text += std::string(columns, ' ') + line + "\n";
    return text;
}

std::string destination_of(const AgentDestination& destination, const std::string& password_file)
{
    std::string text = "      - url: " + yaml_quoted(destination.url) + "\n";
    if (!destination.password.empty()) {
        write_file(password_file, destination.password + "\n");
        set_mode(password_file, 0600);
        text += "        password_file: " + yaml_quoted(password_file) + "\n";
    }
    return text + indented(destination.lines, 8);
}

bool has_key(const std::vector<std::string>& lines, const std::string& key)
{
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.starts_with(key + ":"); });
}

}  // namespace

AgentConfig config_of(const std::string& name, const std::string& source,
                      const std::vector<std::string>& urls,
                      const std::vector<std::string>& mapping_lines)
{
    AgentMapping mapping{
        .name = name, .source = source, .destinations = {}, .lines = mapping_lines};
    for (const std::string& url : urls) mapping.destinations.push_back({.url = url});
    AgentConfig config;
    config.mappings.push_back(mapping);
    return config;
}

std::string yaml_quoted(const std::string& text)
{
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (c == '\n')
            quoted += "\\n";
        else
            quoted += c;
    }
    return quoted + "\"";
}

std::string yaml_of(const AgentConfig& config, const std::string& directory)
{
    std::string text = "service:\n  status_socket: " + yaml_quoted(directory + "/run/status.sock") +
                       "\n  state_dir: " + yaml_quoted(directory + "/state") + "\n";
    text += indented(config.service_lines, 2);
    const bool has_level = has_key(config.log_lines, "level");
    text +=
        "log:\n" + std::string(has_level ? "" : "  level: debug\n") + indented(config.log_lines, 2);
    if (!config.inotify_lines.empty()) text += "inotify:\n" + indented(config.inotify_lines, 2);
    text += indented(config.lines, 0);
    text += "mappings:\n";
    for (const AgentMapping& mapping : config.mappings) {
        text += "  - name: " + yaml_quoted(mapping.name) + "\n";
        text += "    source: " + yaml_quoted(mapping.source) + "\n    destinations:\n";
        std::size_t number = 0;
        for (const AgentDestination& destination : mapping.destinations)
            text += destination_of(destination, directory + "/" + mapping.name + "." +
                                                    std::to_string(number++) + ".secret");
        // What the line seems to be must decide nothing here, as it does with `auto`.
        if (!has_key(mapping.lines, "compress")) text += "    compress: none\n";
        text += indented(mapping.lines, 4);
    }
    return text;
}

}  // namespace lockstep::testing
