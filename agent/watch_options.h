// What the configuration says of a watch, in the words of the watcher.
#pragma once

#include "config/config.h"
#include "config/filter.h"
#include "watcher/source_watch.h"

#include <memory>

namespace lockstep::agent {

watcher::WatchOptions watch_options(const config::Mapping& mapping,
                                    const std::shared_ptr<const config::Filter>& filter);

}  // namespace lockstep::agent
