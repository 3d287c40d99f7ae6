// A failing list made short: halves dropped, then quarters, … as long as it goes on failing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lockstep::testing {

// `fails(list)` is asked at most `tries_max` times, each time with a list that lacks something of
// the shortest one known to fail; order is kept. Returns that one.
template <class T, class Fails>
std::vector<T> shrink(std::vector<T> list, std::size_t tries_max, Fails fails)
{
    std::size_t parts = 2;
    std::size_t tries = 0;
    while (!list.empty() && tries < tries_max) {
        const std::size_t part = (list.size() + parts - 1) / parts;
        bool shorter = false;
        for (std::size_t begin = 0; begin < list.size() && tries < tries_max; ++tries) {
            std::vector<T> rest(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(begin));
            const std::size_t end = std::min(list.size(), begin + part);
            rest.insert(rest.end(), list.begin() + static_cast<std::ptrdiff_t>(end), list.end());
            if (fails(rest)) {
                list = std::move(rest);
                shorter = true;
            } else {
                begin = end;
            }
        }
        if (part == 1 && !shorter) break;
        if (!shorter) parts = std::min(parts * 2, list.size());
    }
    return list;
}

}  // namespace lockstep::testing
