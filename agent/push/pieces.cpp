#include "agent/push/pieces.h"

#include "agent/push/observer.h"
#include "base/path.h"

#include <sys/stat.h>

#include <chrono>
#include <map>
#include <utility>

namespace lockstep::push {
namespace {

using Since = std::optional<plan::TimePoint>;

// In the clock that files are stamped with, and earlier than any of its ticks since.
std::optional<timespec> file_time(const Since& since)
{
    if (!since) return std::nullopt;
    constexpr std::chrono::seconds slack{1};
    const auto ago = std::chrono::steady_clock::now() - *since + slack;
    timespec time = state::time_of_look();
    time.tv_sec -= std::chrono::ceil<std::chrono::seconds>(ago).count();
    return time;
}

// Those that are not below another one, the first in order last.
std::vector<std::pair<std::string, Since>> topmost(const std::vector<plan::DirtyPath>& directories)
{
    std::map<std::string, Since> subtrees;
    for (const plan::DirtyPath& dirty : directories)
        subtrees.emplace(dirty.path, dirty.changed_since);
    std::vector<std::pair<std::string, Since>> top;
    for (const auto& [path, since] : subtrees) {
        const auto is_one = [&](std::string_view up) { return subtrees.contains(std::string(up)); };
        if (!any_above(path, is_one)) top.emplace_back(path, since);
    }
    return {top.rbegin(), top.rend()};
}

}  // namespace

Pieces::Pieces(const Beneath& source, const ObserveOptions& options, plan::Batch batch,
               EntriesMax entries_max)
    : source_(source), options_(options), entries_max_(entries_max), batch_(std::move(batch))
{
}

std::optional<Pieces::Piece> Pieces::next(const std::function<bool()>& cancelled)
{
    Observer observer(source_, options_);
    Piece piece;
    entries_ = 0;
    const std::size_t entries_max = batch_ ? entries_max_.first : entries_max_.others;
    if (batch_) see_batch(observer, piece, cancelled);
    while (!directories_.empty() && entries_ < entries_max && !cancelled()) {
        const Directory directory = std::move(directories_.back());
        directories_.pop_back();
        list(observer, piece, directory);
    }
    if (directories_.empty() && entries_ < entries_max) {
        for (const Directory& directory : linked_) {
            observer.see(directory.path);
            observer.list(directory.path, directory.changed_since);
            piece.batch.paths.push_back({directory.path, plan::Look::listing, 0, {}, 0});
        }
        piece.alone = piece.alone || !linked_.empty() || !left_.empty();
        linked_.clear();
        for (plan::DirtyPath& dirty : std::exchange(left_, {}))
            see(observer, piece, std::move(dirty));
    }
    if (piece.batch.empty() && more() && !cancelled()) return next(cancelled);
    if (piece.batch.empty()) return std::nullopt;
    piece.batch.moves = moves_;
    piece.batch.unsettled = unsettled_;
    piece.observation = observer.take();
    return piece;
}

// It is gone, and to be deleted: not before what the destination has of it was moved.
bool Pieces::is_left(const std::string& path) const
{
    const auto is_origin = [&](std::string_view up) { return origins_.contains(std::string(up)); };
    const bool origin = above_.contains(path) || is_origin(path) || any_above(path, is_origin);
    struct stat status {};
    return origin && is_absence(source_.status(path, status));
}

void Pieces::note_moves(plan::Batch& batch)
{
    moves_ = std::move(batch.moves);
    unsettled_ = std::move(batch.unsettled);
    for (const plan::Move& move : moves_) {
        origins_.insert(move.from);
        for (std::string_view up = parent_of(move.from); !up.empty(); up = parent_of(up))
            above_.emplace(up);
    }
}

// One directory: what is in it, and what is to be entered next.
void Pieces::list(Observer& observer, Piece& piece, const Directory& directory)
{
    observer.see(directory.path);
    Observer::Listing listing = observer.list(directory.path, directory.changed_since);
    for (std::string& below : listing.below)
        directories_.push_back({std::move(below), directory.changed_since});
    if (listing.linked && options_.hard_links) {
        observer.forget_listing();
        linked_.push_back(directory);
        return;
    }
    entries_ += listing.entries;
    piece.batch.paths.push_back({directory.path, plan::Look::listing, 0, {}, 0});
}

// What was no directory when it was decided what to enter may be one by now: only what is seen
// counts, for that is what is acknowledged.
void Pieces::see(Observer& observer, Piece& piece, plan::DirtyPath dirty)
{
    observer.see(dirty.path);
    const bool subtree = dirty.look == plan::Look::subtree;
    if (subtree && observer.directory_at(dirty.path) != nullptr) {
        list(observer, piece, {dirty.path, file_time(dirty.changed_since)});
        return;
    }
    ++entries_;
    if (subtree) dirty.look = plan::Look::content;
    if (dirty.look == plan::Look::listing) entries_ += observer.list(dirty.path).entries;
    piece.batch.paths.push_back(std::move(dirty));
}

void Pieces::see_batch(Observer& observer, Piece& piece, const std::function<bool()>& cancelled)
{
    plan::Batch batch = std::move(*batch_);
    batch_.reset();
    // What is no directory any more is sent for itself: a compare of what is above it would leave
    // it to its size and time.
    const auto is_entered = [&](const plan::DirtyPath& dirty) {
        struct stat status {};
        return dirty.look == plan::Look::subtree &&
               (dirty.path.empty() ||
                (source_.status(dirty.path, status) == 0 && S_ISDIR(status.st_mode)));
    };
    std::vector<plan::DirtyPath> others;
    std::vector<plan::DirtyPath> entered;
    for (plan::DirtyPath& dirty : batch.paths)
        (is_entered(dirty) ? entered : others).push_back(std::move(dirty));
    for (auto& [path, since] : topmost(entered))
        directories_.push_back({std::move(path), file_time(since)});
    note_moves(batch);
    for (plan::DirtyPath& dirty : others) {
        if (cancelled()) return;
        if (!directories_.empty() && is_left(dirty.path)) {
            left_.push_back(std::move(dirty));
            continue;
        }
        piece.alone = true;
        see(observer, piece, std::move(dirty));
    }
}

}  // namespace lockstep::push
