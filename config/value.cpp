#include "config/value.h"

#include "base/path.h"

namespace lockstep::config {

std::string described(const Value& value)
{
    constexpr std::size_t shown_max = 80;
    switch (value.kind) {
        case Value::Kind::null:
            return "nothing";
        case Value::Kind::list:
            return "a list";
        case Value::Kind::map:
            return "a map";
        case Value::Kind::scalar:
            break;
    }
    if (value.text.size() <= shown_max) return quoted(value.text);
    return quoted(value.text.substr(0, shown_max)) + "...";
}

}  // namespace lockstep::config
