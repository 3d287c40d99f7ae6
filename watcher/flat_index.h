// A set of 32-bit indices found by hash: open addressing, nothing stored but the index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lockstep::watcher {

// The owner keeps the elements and their hashes; this keeps where they are. Between 5 and 11 bytes
// an element. Hashes must be well mixed in their low bits. O(1) expected; erasing leaves no
// tombstones.
class FlatIndex {
public:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    template <typename IsIt>
    std::uint32_t find(std::uint32_t hash, IsIt is_it) const
    {
        if (slots_.empty()) return none;
        for (std::size_t at = hash & mask(); slots_[at] != none; at = (at + 1) & mask())
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
        std::size_t hole = hash_of(element) & mask();
        while (slots_[hole] != element) hole = (hole + 1) & mask();
        // Whatever stands behind the hole and may stand in it moves up, so that searches need not
        // stop at a gap that was not there when they were inserted.
        for (std::size_t at = (hole + 1) & mask(); slots_[at] != none; at = (at + 1) & mask()) {
            const std::size_t home = hash_of(slots_[at]) & mask();
            if (((at - home) & mask()) < ((at - hole) & mask())) continue;
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
    std::size_t mask() const noexcept { return slots_.size() - 1; }

    void put(std::uint32_t element, std::uint32_t hash)
    {
        std::size_t at = hash & mask();
        while (slots_[at] != none) at = (at + 1) & mask();
        slots_[at] = element;
    }

    template <typename HashOf>
    void grow(HashOf hash_of)
    {
        std::vector<std::uint32_t> old(slots_.empty() ? 16 : slots_.size() * 2, none);
        old.swap(slots_);
        for (const std::uint32_t element : old)
            if (element != none) put(element, hash_of(element));
    }

    std::vector<std::uint32_t> slots_;  // a power of two, or empty
    std::size_t count_ = 0;
};

}  // namespace lockstep::watcher
