// The slots of a daemon's `max connections` are shared by all mappings that push there.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace lockstep::push {

class SessionPool;

// Which pools hold sessions of a module, so that what one of them keeps ready is given up when
// another is told that no connection is left. Any thread; who pushes elsewhere (another host's
// rsync) cannot be heard of, and for that there is `warm_sessions: 0`.
class Slots {
public:
    void join(const std::string& module, std::weak_ptr<SessionPool> pool);
    void exhausted(const std::string& module);

private:
    std::mutex mutex_;
    std::multimap<std::string, std::weak_ptr<SessionPool>> pools_;
};

}  // namespace lockstep::push
