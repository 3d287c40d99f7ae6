// File names that have broken somebody's tool.
#pragma once

#include <string>
#include <vector>

namespace lockstep::testing {

inline std::vector<std::string> biting_names()
{
    std::string utf8;
    while (utf8.size() < 255) utf8 += "\xe2\x82\xac";  // 85 euro signs
    return {"a]b",
            "c\\d[1]",
            "q?*",
            "line\nfeed",
            "trailing line feed\n",
            "\n",
            " leading blank",
            "trailing blank ",
            " ",
            "  two  and two  ",
            "#x",
            ";x",
            "+ x",
            "- x",
            ". x",
            "-dash",
            "--delete",
            "\xff\xfe",
            "half a euro \xe2\x82",
            utf8,
            "$(id)",
            "`id`",
            "'single' \"double\"",
            "carriage\rreturn",
            "\x01\x7f\x1b[31m",
            "tab\t",
            "\\#012",
            "\\n",
            "...",
            "*",
            "**",
            "[a-z]",
            "{a,b}",
            "!",
            "~",
            "a:b",
            "host::module",
            "%s%n",
            "&<>",
            "|"};
}

}  // namespace lockstep::testing
