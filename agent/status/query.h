// The parameters of a command, from the query and the JSON body.
#pragma once

#include <boost/url/url_view.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::status {

// The request cannot be read; what() says what was expected. Caught in route().
class BadRequest : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct FlushParameters {
    std::vector<std::string> names;
    std::optional<std::chrono::milliseconds> timeout;
};

// Query and body add up; an unknown key is a mistake worth telling.
FlushParameters flush_parameters(const boost::urls::url_view& target, const std::string& body);

// ?flag=1, ?flag=true, ?flag: on; absent, 0, false: off. Any other key is refused.
bool flag_parameter(const boost::urls::url_view& target, std::string_view flag);

// Refuses any key.
void no_parameters(const boost::urls::url_view& target);

}  // namespace lockstep::status
