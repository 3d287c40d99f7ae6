#include "agent/push/observe.h"

#include "agent/push/observer.h"

namespace lockstep::push {

Observation observe(const Beneath& source, const plan::Batch& paths, const ObserveOptions& options)
{
    Observer observer(source, options);
    for (const plan::DirtyPath& dirty : paths.paths) observer.see(dirty.path);
    return observer.take();
}

}  // namespace lockstep::push
