// A set of 32-bit indices found by hash: open addressing, nothing stored but the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lockstep::watcher {

// The owner keeps the elements and their hashes; this keeps where they are. Between 5 and 8 bytes
// an element. Hashes must be well mixed in their high bits. O(1) expected; erasing leaves no
// tombstones.
class FlatIndex {
public:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    template <typename IsIt>
    std::uint32_t find(std::uint32_t hash, IsIt is_it) const
    {
        if (slots_.empty()) return none;
        for (std::size_t at = home(hash); slots_[at] != none; at = next(at))
            if (is_it(slots_[at])) return slots_[at];
        return none;
    }

    // `element` is not in the set.
    template <typename HashOf>
    void insert(std::uint32_t element, HashOf hash_of)
    {
        if ((count_ + 1) * 4 > slots_.size() * 3) grow(hash_of);
        put(element, hash_of(element));
        ++count_;
    }

    // `element` is in the set, under the hash that `hash_of` still gives for it.
    template <typename HashOf>
    void erase(std::uint32_t element, HashOf hash_of)
    {
        std::size_t hole = home(hash_of(element));
        while (slots_[hole] != element) hole = next(hole);
        // Whatever stands behind the hole and may stand in it moves up, so that searches need not
        // stop at a gap that was not there when they were inserted.
        for (std::size_t at = next(hole); slots_[at] != none; at = next(at)) {
            if (steps(home(hash_of(slots_[at])), at) < steps(hole, at)) continue;
            slots_[hole] = slots_[at];
            hole = at;
        }
        slots_[hole] = none;
        --count_;
    }

    void clear()
    {
        slots_ = {};
        count_ = 0;
    }

private:
    // The hash as a fraction of 2^32, so that any number of slots will do: doubling them would
    // leave half of them empty just after.
    std::size_t home(std::uint32_t hash) const noexcept
    {
        return static_cast<std::size_t>((std::uint64_t{hash} * slots_.size()) >> 32);
    }

    std::size_t next(std::size_t at) const noexcept { return at + 1 == slots_.size() ? 0 : at + 1; }

    // Steps from slot `from` to slot `to`.
    std::size_t steps(std::size_t from, std::size_t to) const noexcept
    {
        return to >= from ? to - from : to + slots_.size() - from;
    }

    void put(std::uint32_t element, std::uint32_t hash)
    {
        std::size_t at = home(hash);
        while (slots_[at] != none) at = next(at);
        slots_[at] = element;
    }

    template <typename HashOf>
    void grow(HashOf hash_of)
    {
        std::vector<std::uint32_t> old(slots_.empty() ? 16 : slots_.size() + slots_.size() / 2,
                                       none);
        old.swap(slots_);
        for (const std::uint32_t element : old)
            if (element != none) put(element, hash_of(element));
    }

    std::vector<std::uint32_t> slots_;  // at most three quarters are taken
    std::size_t count_ = 0;
};

}  // namespace lockstep::watcher
