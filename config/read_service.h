// The parts of a file that are not mappings: `service`, `log`, `inotify`.
#pragma once

#include "config/config.h"
#include "config/fields.h"

namespace lockstep::config {

// `fields` is the map below that key; each reports its unknown keys.
Service read_service(Fields fields);
Log read_log(Fields fields);
Inotify read_inotify(Fields fields);

}  // namespace lockstep::config
