// An agent in small: keeps a model of a source from nothing but what a watch tells and lstat at
// that moment.
#pragma once

#include "base/path.h"
#include "watcher/change.h"

#include <dirent.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace lockstep::watcher::test {

// What is there: the type, and for what is no directory everything that tells two states apart.
using Fingerprint = std::tuple<mode_t, ino_t, off_t, time_t, long>;
using Model = std::map<std::string, Fingerprint>;  // by path; without the root

inline bool look(const std::string& absolute, Fingerprint& fingerprint)
{
    struct stat status {};
    if (::lstat(absolute.c_str(), &status) != 0) return false;
    if (S_ISDIR(status.st_mode))
        fingerprint = {S_IFDIR, 0, 0, 0, 0};
    else
        fingerprint = {status.st_mode, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec};
    return true;
}

inline void look_below(const std::string& root, const std::string& path, Model& model)
{
    DIR* const directory = ::opendir((root + "/" + path).c_str());
    if (directory == nullptr) return;
    while (const dirent* const entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        const std::string below = join(path, name);
        Fingerprint fingerprint;
        if (!look(root + "/" + below, fingerprint)) continue;
        model[below] = fingerprint;
        if (std::get<0>(fingerprint) == S_IFDIR) look_below(root, below, model);
    }
    ::closedir(directory);
}

class Mirror {
public:
    explicit Mirror(std::string root) : root_(std::move(root)) { look_below(root_, "", model_); }

    void apply(const Change& change)
    {
        switch (change.kind) {
            case ChangeKind::content:
            case ChangeKind::writing:
            case ChangeKind::attributes:
                refresh(change.path, false);
                break;
            case ChangeKind::gone:
                refresh(change.path, change.directory);
                break;
            case ChangeKind::subtree:
                refresh(change.path, true);
                break;
            case ChangeKind::moved:
                refresh(change.from, change.directory);
                refresh(change.path, change.directory);
                break;
            default:
                break;
        }
    }

    const Model& model() const { return model_; }

private:
    void refresh(const std::string& path, bool below)
    {
        Fingerprint now;
        if (path.empty()) {
            forget(path);
            look_below(root_, "", model_);
            return;
        }
        if (!look(root_ + "/" + path, now)) {
            forget(path);
            return;
        }
        const bool directory = std::get<0>(now) == S_IFDIR;
        if (!directory || below) forget(path);
        model_[path] = now;
        if (directory && below) look_below(root_, path, model_);
    }

    void forget(const std::string& path)
    {
        for (auto it = model_.begin(); it != model_.end();)
            it = is_at_or_below(it->first, path) ? model_.erase(it) : std::next(it);
    }

    std::string root_;
    Model model_;
};

}  // namespace lockstep::watcher::test
