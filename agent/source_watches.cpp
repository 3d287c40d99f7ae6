#include "agent/source_watches.h"

#include "base/path.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lockstep::agent {

using watcher::Change;
using watcher::ChangeKind;
using watcher::SourceWatch;
using watcher::WatchFigures;
using watcher::WatchOptions;

namespace {

// Of a directory that the link stands for, in a source's own words, in the words of the whole.
Change below(const std::string& link, Change change)
{
    if (change.kind == ChangeKind::live || change.kind == ChangeKind::root_lost)
        return {.kind = ChangeKind::subtree, .path = link, .directory = true};
    if (change.kind == ChangeKind::overflow) return change;
    if (change.kind == ChangeKind::moved) change.from = join(link, change.from);
    change.path = join(link, change.path);
    return change;
}

WatchOptions options_below(const WatchOptions& whole, const std::string& link)
{
    WatchOptions options = whole;
    options.source += '/' + link;
    if (whole.excluded)
        options.excluded = [excluded = whole.excluded, link](std::string_view path,
                                                             bool directory) {
            return excluded(join(link, path), directory);
        };
    return options;
}

void add(const WatchFigures& more, WatchFigures& sum)
{
    sum.directories += more.directories;
    sum.watches += more.watches;
    sum.unwatched += more.unwatched;
    sum.entries += more.entries;
    sum.overflows += more.overflows;
    sum.created += more.created;
    sum.modified += more.modified;
    sum.moved += more.moved;
    sum.deleted += more.deleted;
    sum.attrib += more.attrib;
}

}  // namespace

SourceWatches::SourceWatches(watcher::Drainer& drainer, const WatchOptions& options,
                             const std::vector<std::string>& follow, Sink sink)
    : sink_(std::move(sink))
{
    const std::lock_guard lock(mutex_);  // nobody tells anything before all are there
    for (const std::string& path : follow) followed_.push_back({path, nullptr});
    unseen_ = followed_.size();
    for (std::size_t i = 0; i < followed_.size(); ++i)
        followed_[i].watch = std::make_unique<SourceWatch>(
            drainer, options_below(options, followed_[i].path),
            [this, i](std::vector<Change> changes) { tell_of(i, std::move(changes)); });
    own_ = std::make_unique<SourceWatch>(
        drainer, options, [this](std::vector<Change> changes) { tell_own(std::move(changes)); });
}

SourceWatches::~SourceWatches()
{
    const std::lock_guard lock(mutex_);  // nobody speaks to the others from here on
    stopping_ = true;
}

void SourceWatches::barrier(std::uint64_t number)
{
    own_->barrier(number);
}

WatchFigures SourceWatches::figures() const
{
    WatchFigures sum = own_->figures();
    for (const Followed& link : followed_) add(link.watch->figures(), sum);
    return sum;
}

std::string SourceWatches::limits_advice() const
{
    std::string advice = own_->limits_advice();
    for (const Followed& link : followed_)
        if (advice.empty()) advice = link.watch->limits_advice();
    return advice;
}

void SourceWatches::tell_own(std::vector<Change> changes)
{
    if (followed_.empty()) {
        sink_(std::move(changes));
        return;
    }
    std::vector<Change> told;
    std::vector<std::uint64_t> barriers;
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    for (Change& change : changes) {
        if (change.kind == ChangeKind::live) live_ = true;
        if (change.kind == ChangeKind::root_lost) live_ = false;
        if (change.kind != ChangeKind::barrier) {
            about_links(std::move(change), told);
            continue;
        }
        barriers_.push_back({change.number, followed_.size()});
        barriers.push_back(change.number);
    }
    if (unseen_ > 0)
        held_.insert(held_.end(), std::make_move_iterator(told.begin()),
                     std::make_move_iterator(told.end()));
    else if (!told.empty())
        sink_(std::move(told));
    // Where a link leads may have changed where no watch sees it: it is looked at as well.
    for (const std::uint64_t number : barriers)
        for (const Followed& link : followed_) {
            link.watch->check_root();
            link.watch->barrier(number);
        }
}

void SourceWatches::saw(Followed& link)
{
    if (std::exchange(link.seen, true) || --unseen_ > 0 || held_.empty()) return;
    sink_(std::exchange(held_, {}));
}

void SourceWatches::tell_of(std::size_t link, std::vector<Change> changes)
{
    std::vector<Change> told;
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    const std::string& path = followed_[link].path;
    for (Change& change : changes) {
        const bool looked = change.kind == ChangeKind::live || change.kind == ChangeKind::root_lost;
        if (looked && unseen_ > 0) {
            saw(followed_[link]);
            continue;
        }
        if (change.kind == ChangeKind::barrier) {
            if (answered(change.number)) told.push_back(std::move(change));
        } else if (live_) {  // all is compared when the source is found, with links watched by then
            about_links(below(path, std::move(change)), told);
        }
    }
    if (!told.empty()) sink_(std::move(told));
}

// True when it was the last one of them.
bool SourceWatches::answered(std::uint64_t number)
{
    const auto barrier = std::find_if(barriers_.begin(), barriers_.end(),
                                      [&](const Barrier& one) { return one.number == number; });
    if (barrier == barriers_.end() || --barrier->missing > 0) return false;
    barriers_.erase(barrier);
    return true;
}

// A link that came, went, or is another one: what it stands for did. The kernel tells of a link,
// and its name may have been a directory's.
void SourceWatches::about_links(Change change, std::vector<Change>& told)
{
    const auto concerns = [&](const Followed& link) {
        if (change.kind == ChangeKind::moved && is_at_or_below(link.path, change.from)) return true;
        return is_at_or_below(link.path, change.path);
    };
    const bool names = change.kind == ChangeKind::content || change.kind == ChangeKind::gone ||
                       change.kind == ChangeKind::moved || change.kind == ChangeKind::subtree;
    bool concerned = false;
    for (const Followed& link : followed_) {
        if (!names || !concerns(link)) continue;
        concerned = true;
        link.watch->check_root();
    }
    if (!concerned || change.kind == ChangeKind::subtree) {
        told.push_back(std::move(change));
        return;
    }
    change.directory = true;
    if (change.kind == ChangeKind::gone) {
        told.push_back(std::move(change));
        return;
    }
    // Not what moved: the one name stands for a directory, and the other does not.
    if (change.kind == ChangeKind::moved)
        told.push_back(
            {.kind = ChangeKind::gone, .path = std::move(change.from), .directory = true});
    told.push_back(
        {.kind = ChangeKind::subtree, .path = std::move(change.path), .directory = true});
}

}  // namespace lockstep::agent
