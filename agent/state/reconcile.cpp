#include "agent/state/reconcile.h"

#include "agent/state/index_reader.h"
#include "base/path.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace lockstep::state {
namespace {

constexpr std::size_t told_at_once = 1000;

// Directories still to be compared, shared by the threads; the last found comes first, so that they
// stay few.
class Todo {
public:
    void add(std::vector<std::string>& directories)
    {
        if (directories.empty()) return;
        {
            const std::lock_guard lock(mutex_);
            for (std::string& directory : directories) waiting_.push_back(std::move(directory));
        }
        directories.clear();
        changed_.notify_all();
    }

    // False once all is done, or after give_up().
    bool take(std::string& directory)
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return given_up_ || !waiting_.empty() || busy_ == 0; });
        if (given_up_ || waiting_.empty()) return false;
        directory = std::move(waiting_.back());
        waiting_.pop_back();
        ++busy_;
        return true;
    }

    void done()
    {
        bool last = false;
        {
            const std::lock_guard lock(mutex_);
            last = --busy_ == 0 && waiting_.empty();
        }
        if (last) changed_.notify_all();
    }

    void give_up()
    {
        {
            const std::lock_guard lock(mutex_);
            given_up_ = true;
        }
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> waiting_;
    std::size_t busy_ = 0;
    bool given_up_ = false;
};

// What the threads tell, one at a time.
class Telling {
public:
    explicit Telling(const Reconciliation& how) : how_(how) {}

    void found(std::vector<Difference>& differences)
    {
        if (differences.empty()) return;
        const std::lock_guard lock(mutex_);
        how_.found(std::move(differences));
        differences.clear();
    }

    void linked(std::string_view path, const struct stat& status)
    {
        if (!how_.linked) return;
        const std::lock_guard lock(mutex_);
        how_.linked(path, status);
    }

private:
    const Reconciliation& how_;
    std::mutex mutex_;
};

// One thread's share.
class Comparer {
public:
    Comparer(const Beneath& source, const std::string& index_file, const Reconciliation& how,
             Todo& todo, Telling& telling)
        : source_(source), index_(index_file), how_(how), todo_(todo), telling_(telling)
    {
    }

    void run()
    {
        std::string directory;
        while (todo_.take(directory)) {
            if (how_.cancelled && how_.cancelled()) todo_.give_up();
            compare(directory);
            todo_.add(below_);
            todo_.done();
        }
        telling_.found(differences_);
    }

private:
    void tell(std::string path, DifferenceKind kind)
    {
        differences_.push_back({std::move(path), kind});
        if (differences_.size() >= told_at_once) telling_.found(differences_);
    }

    void compare(const std::string& directory)
    {
        looked_at_ = time_of_look();
        names_.clear();
        const int error = source_.list(directory, names_);
        if (error != 0) {
            // What went meanwhile is the parent's event; a mount point is not ours to enter.
            if (error != ENOENT && error != ENOTDIR && error != ELOOP && error != EXDEV)
                tell(directory, DifferenceKind::unreadable);
            return;
        }
        std::sort(names_.begin(), names_.end(),
                  [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
        index_.list(directory, rows_);
        auto row = rows_.begin();
        for (const DirEntry& entry : names_) {
            for (; row != rows_.end() && row->name < entry.name; ++row) lost(directory, *row);
            const bool known = row != rows_.end() && row->name == entry.name;
            std::string path = join(directory, entry.name);
            if (entry.error != 0)
                tell(std::move(path), DifferenceKind::unreadable);
            else
                compare(std::move(path), entry.status, known ? &row->fingerprint : nullptr);
            if (known) ++row;
        }
        for (; row != rows_.end(); ++row) lost(directory, *row);
    }

    void lost(const std::string& directory, const IndexReader::Row& row)
    {
        std::string path = join(directory, row.name);
        if (hides(path, row.fingerprint.is_directory())) return;
        tell(std::move(path), DifferenceKind::gone);
    }

    void compare(std::string path, const struct stat& status, const Fingerprint* known)
    {
        const bool directory = S_ISDIR(status.st_mode);
        if (hides(path, directory)) {
            // A rule about directories hides what took the place of a file that was sent.
            if (known != nullptr && !hides(path, known->is_directory()))
                tell(std::move(path), DifferenceKind::gone);
            return;
        }
        if (status.st_nlink > 1 && !directory) telling_.linked(path, status);
        const Fingerprint now = fingerprint_of(status, looked_at_);
        const bool same = known != nullptr && known->proves(now);
        if (!directory) {
            // In a directory's place, which may be another directory's by the time it is sent.
            const bool replaced = known != nullptr && known->is_directory();
            if (!same)
                tell(std::move(path), replaced ? DifferenceKind::subtree : DifferenceKind::content);
            return;
        }
        if (known == nullptr || !known->is_directory()) {
            tell(std::move(path), DifferenceKind::subtree);
            return;
        }
        if (!same) tell(path, DifferenceKind::attributes);
        if (how_.one_file_system && status.st_dev != source_.device_at(path)) return;
        below_.push_back(std::move(path));
    }

    bool hides(std::string_view path, bool directory) const
    {
        return how_.excluded && how_.excluded(path, directory);
    }

    const Beneath& source_;
    IndexReader index_;
    const Reconciliation& how_;
    Todo& todo_;
    Telling& telling_;
    timespec looked_at_{};
    std::vector<DirEntry> names_;
    std::vector<IndexReader::Row> rows_;
    std::vector<std::string> below_;
    std::vector<Difference> differences_;
};

}  // namespace

void reconcile(const Beneath& source, const std::string& index_file, const std::string& subtree,
               const Reconciliation& how)
{
    struct stat status {};
    if (source.status(std::string_view(), status) != 0) return;  // root_lost follows
    const timespec looked_at = time_of_look();
    const int error = source.status(subtree, status);
    const std::optional<Fingerprint> known = IndexReader(index_file).find(subtree);
    if (error == ENOENT || error == ENOTDIR) {
        if (known) how.found({{subtree, DifferenceKind::gone}});
        return;
    }
    const bool as_known = error == 0 && known && known->proves(fingerprint_of(status, looked_at));
    if (error != 0 || !S_ISDIR(status.st_mode)) {
        const bool replaced = known && known->is_directory();
        if (!as_known)
            how.found({{subtree, replaced ? DifferenceKind::subtree : DifferenceKind::content}});
        return;
    }
    if (!known || !known->is_directory()) {
        how.found({{subtree, DifferenceKind::subtree}});
        return;
    }
    if (!as_known) how.found({{subtree, DifferenceKind::attributes}});

    Todo todo;
    Telling telling(how);
    std::mutex mutex;
    std::exception_ptr failure;
    const auto work = [&] {
        try {
            Comparer(source, index_file, how, todo, telling).run();
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
            todo.give_up();
        }
    };
    std::vector<std::string> first{subtree};
    todo.add(first);
    {
        std::vector<std::jthread> others;
        for (unsigned i = 1; i < how.threads; ++i) others.emplace_back(work);
        work();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace lockstep::state
