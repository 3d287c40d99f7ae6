// A dirty path as the dirty set keeps it: one allocation, a member of every order it stands in.
#pragma once

#include "agent/plan/dirty_path.h"

#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace lockstep::plan {

// There may be a million: what few paths have (attempts, times of retries) is kept beside the
// items, and the path's bytes follow the item itself. An order is a tree whose nodes are the items,
// so being in one costs its hook and no allocation. 124 bytes and the path.
class DirtyItem {
    using Hook =
        boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>,
                                          boost::intrusive::link_mode<boost::intrusive::safe_link>>;

public:
    enum class Place : std::uint8_t { due, waiting, in_flight };

    // The path, the sequence and `since` stay as they are: orders go by them.
    static DirtyItem* make(std::string_view path, Look look, std::uint64_t sequence,
                           TimePoint since);
    struct Dispose {
        void operator()(DirtyItem* item) const noexcept;
    };
    DirtyItem(const DirtyItem&) = delete;
    DirtyItem& operator=(const DirtyItem&) = delete;

    std::string_view path() const noexcept
    {
        return {reinterpret_cast<const char*>(this) + path_at, path_bytes_};
    }
    std::uint64_t sequence() const noexcept { return sequence_; }
    TimePoint since() const noexcept { return since_; }
    Look look() const noexcept { return static_cast<Look>(look_); }
    bool closed() const noexcept { return closed_ != 0; }
    Place place() const noexcept { return static_cast<Place>(place_); }
    std::uint64_t turn() const noexcept { return turn_; }

    void set_closed(bool closed) noexcept { closed_ = closed ? 1 : 0; }
    // Only while it stands in no order of turns.
    void set_look(Look look) noexcept { look_ = static_cast<std::uint32_t>(look) & 0xf; }
    void set_turn(Place place, std::uint64_t turn) noexcept
    {
        place_ = static_cast<std::uint32_t>(place) & 0x7;
        turn_ = turn;
    }

private:
    DirtyItem(std::size_t path_bytes, Look look, std::uint64_t sequence, TimePoint since) noexcept;
    ~DirtyItem() = default;

    // Listings after all others: they have the later turn, however late the others came.
    struct ByTurn {
        using type = std::pair<bool, std::uint64_t>;
        type operator()(const DirtyItem& item) const noexcept
        {
            return {item.look() == Look::listing, item.turn()};
        }
    };
    struct BySequence {
        using type = std::uint64_t;
        type operator()(const DirtyItem& item) const noexcept { return item.sequence(); }
    };
    struct BySince {
        using type = TimePoint;
        type operator()(const DirtyItem& item) const noexcept { return item.since(); }
    };
    struct ByPath {
        using type = std::string_view;
        type operator()(const DirtyItem& item) const noexcept { return item.path(); }
    };
    struct ByPathAndSequence {
        using type = std::pair<std::string_view, std::uint64_t>;
        type operator()(const DirtyItem& item) const noexcept
        {
            return {item.path(), item.sequence()};
        }
    };

    Hook path_hook_;
    Hook turn_hook_;
    Hook sequence_hook_;
    Hook since_hook_;
    std::uint64_t sequence_;
    TimePoint since_;
    std::uint64_t turn_ = 0;
    std::uint32_t path_bytes_ : 24;
    std::uint32_t look_ : 4;
    std::uint32_t place_ : 3 = 0;
    std::uint32_t closed_ : 1 = 0;

    // The path begins in what would be the padding behind the last member.
    static constexpr std::size_t path_at = 4 * 3 * sizeof(void*) + 3 * 8 + 4;

    template <Hook DirtyItem::*hook>
    using In = boost::intrusive::member_hook<DirtyItem, Hook, hook>;
    template <class Key>
    using Keyed = boost::intrusive::key_of_value<Key>;

public:
    // The key of turns from which all are listings.
    static constexpr std::pair<bool, std::uint64_t> first_listing{true, 0};
    static constexpr std::size_t path_bytes_max = (std::size_t{1} << 24) - 1;

    // Of what is due and of what waits; of what is in flight, where a path may stand twice.
    using Paths = boost::intrusive::set<DirtyItem, In<&DirtyItem::path_hook_>, Keyed<ByPath>>;
    using Flying =
        boost::intrusive::multiset<DirtyItem, In<&DirtyItem::path_hook_>, Keyed<ByPathAndSequence>>;
    // Of what is due; of what waits.
    using Turns = boost::intrusive::set<DirtyItem, In<&DirtyItem::turn_hook_>, Keyed<ByTurn>>;
    // Of all.
    using Sequences =
        boost::intrusive::multiset<DirtyItem, In<&DirtyItem::sequence_hook_>, Keyed<BySequence>>;
    using Ages = boost::intrusive::multiset<DirtyItem, In<&DirtyItem::since_hook_>, Keyed<BySince>>;
};

}  // namespace lockstep::plan
