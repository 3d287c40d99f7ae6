#include "agent/push/slots.h"

#include "agent/push/session_pool.h"

#include <vector>

namespace lockstep::push {

void Slots::join(const std::string& module, std::weak_ptr<SessionPool> pool)
{
    const std::lock_guard lock(mutex_);
    std::erase_if(pools_, [](const auto& entry) { return entry.second.expired(); });
    pools_.emplace(module, std::move(pool));
}

void Slots::exhausted(const std::string& module)
{
    std::vector<std::shared_ptr<SessionPool>> holders;
    {
        const std::lock_guard lock(mutex_);
        const auto [from, to] = pools_.equal_range(module);
        for (auto it = from; it != to; ++it)
            if (std::shared_ptr<SessionPool> pool = it->second.lock())
                holders.push_back(std::move(pool));
    }
    for (const std::shared_ptr<SessionPool>& pool : holders) pool->give_slots_back();
}

}  // namespace lockstep::push
