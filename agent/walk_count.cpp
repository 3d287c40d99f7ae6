#include "agent/walk_count.h"

#include "base/path.h"

#include <vector>

namespace lockstep::agent {

SourceCount count_source(const Beneath& source, bool one_file_system,
                         const std::function<bool(std::string_view path, bool directory)>& excluded)
{
    SourceCount count;
    std::vector<std::string> todo{std::string()};
    while (!todo.empty()) {
        const std::string directory = std::move(todo.back());
        todo.pop_back();
        ++count.directories;
        std::vector<DirEntry> names;
        if (source.list(directory, names) != 0) {
            ++count.unreadable;
            continue;
        }
        for (const DirEntry& name : names) {
            const bool is_directory = S_ISDIR(name.status.st_mode);
            std::string path = join(directory, name.name);
            if (excluded && excluded(path, is_directory)) continue;
            ++count.entries;
            if (name.error != 0) ++count.unreadable;
            if (is_directory && !(one_file_system && name.status.st_dev != source.device_at(path)))
                todo.push_back(std::move(path));
        }
    }
    return count;
}

}  // namespace lockstep::agent
