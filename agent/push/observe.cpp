#include "agent/push/observe.h"

#include "agent/push/entry_reader.h"
#include "base/path.h"

#include <sys/sysmacros.h>

#include <cerrno>
#include <set>

namespace lockstep::push {
namespace {

using transport::DirKind;
using transport::Entry;

class Observer {
public:
    Observer(const Beneath& source, const ObserveOptions& options,
             const std::function<bool()>& cancelled)
        : source_(source),
          options_(options),
          cancelled_(cancelled),
          reading_{options.acls, options.xattrs}
    {
    }

    Observation run(const plan::Batch& batch)
    {
        std::set<std::string> subtrees;
        std::set<std::string> listings;
        for (const plan::DirtyPath& dirty : batch.paths) {
            if (cancelled_()) break;
            see_with_ancestors(dirty.path);
            if (dirty.look == plan::Look::subtree) subtrees.insert(dirty.path);
            if (dirty.look == plan::Look::listing) listings.insert(dirty.path);
        }
        for (const std::string& path : subtrees)
            if (!has_ancestor(subtrees, path)) see_subtree(path, true);
        for (const std::string& path : listings)
            if (!has_ancestor(subtrees, path)) see_subtree(path, false);
        return std::move(result_);
    }

private:
    static bool has_ancestor(const std::set<std::string>& paths, const std::string& path)
    {
        bool found = !path.empty() && paths.contains(std::string());
        for (std::string_view up = parent_of(path); !found && !up.empty(); up = parent_of(up))
            found = paths.contains(std::string(up));
        return found;
    }

    void see_with_ancestors(const std::string& path)
    {
        see(std::string());
        for (std::size_t slash = path.find('/'); slash != std::string::npos;
             slash = path.find('/', slash + 1))
            see(path.substr(0, slash));
        see(path);
    }

    void see(const std::string& path)
    {
        if (result_.observed.at.contains(path)) return;
        result_.observed.at.emplace(path, look_at(path));
    }

    std::optional<Entry> look_at(const std::string& path)
    {
        // Below something that is not there is nothing, whatever comes there in the meantime.
        if (!path.empty()) {
            const auto parent = result_.observed.at.find(std::string(parent_of(path)));
            if (parent != result_.observed.at.end() &&
                (!parent->second || !parent->second->is_directory()))
                return std::nullopt;
        }
        struct stat status {};
        EntryResult result;
        result.error = source_.status(path, status);
        if (result.error == 0) result = read_entry(source_, path, status, reading_);
        if (!result.entry && !is_absence(result.error))
            result_.unobserved.push_back({path, result.error, false});
        return std::move(result.entry);
    }

    void see_subtree(const std::string& path, bool deep)
    {
        const auto root = result_.observed.at.find(path);
        if (root == result_.observed.at.end() || !root->second || !root->second->is_directory())
            return;
        plan::ObservedSubtree subtree;
        subtree.path = path;
        struct stat status {};
        if (source_.status(path, status) != 0) return;
        const dev_t device = status.st_dev;
        subtree.entries.push_back(*root->second);
        // Depth first, by position: entries_ grows while we walk it.
        std::vector<std::size_t> directories{0};
        while (!directories.empty() && !cancelled_()) {
            const std::size_t at = directories.back();
            directories.pop_back();
            list_directory(subtree, at, device, directories);
            if (!deep) break;
        }
        result_.observed.subtrees.push_back(std::move(subtree));
    }

    void list_directory(plan::ObservedSubtree& subtree, std::size_t at, dev_t device,
                        std::vector<std::size_t>& directories)
    {
        const std::string directory = subtree.entries[at].path;
        std::vector<DirEntry> names;
        const int error = source_.list(directory, names);
        if (error != 0) {
            if (!is_absence(error) && error != EXDEV)
                result_.unobserved.push_back({directory, error, true});
            return;  // stays plain: nothing below it is deleted
        }
        bool complete = true;
        for (const DirEntry& name : names) {
            std::string path = join(directory, name.name);
            const bool is_directory = S_ISDIR(name.status.st_mode);
            if (options_.excluded && options_.excluded(path, is_directory)) continue;
            EntryResult result = read_entry(source_, path, name.status, reading_);
            if (!result.entry) {
                if (is_absence(result.error)) continue;
                result_.unobserved.push_back({path, result.error, false});
                complete = false;
                continue;
            }
            subtree.entries.push_back(std::move(*result.entry));
            const bool other_file_system = name.status.st_dev != device;
            if (is_directory && !(options_.one_file_system && other_file_system))
                directories.push_back(subtree.entries.size() - 1);
        }
        if (complete) subtree.entries[at].dir_kind = DirKind::content;
    }

    const Beneath& source_;
    const ObserveOptions& options_;
    const std::function<bool()>& cancelled_;
    EntryReading reading_;
    Observation result_;
};

}  // namespace

Observation observe(const Beneath& source, const plan::Batch& batch, const ObserveOptions& options,
                    const std::function<bool()>& cancelled)
{
    return Observer(source, options, cancelled).run(batch);
}

}  // namespace lockstep::push
