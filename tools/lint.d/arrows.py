#!/usr/bin/env python3
"""Include arrows: which folder may include which, and who may use which library (ARCHITECTURE.md)."""
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)

# Libraries that only some may use; what is not named here (std, Linux, other Boost) all may.
LIBRARIES = {
    "asio": r"boost/asio",
    "beast": r"boost/beast",
    "json": r"boost/json",
    "url": r"boost/url",
    "yaml": r"yaml-cpp/",
    "spdlog": r"spdlog/|fmt/",
    "sqlite": r"sqlite3\.h",
    "cli11": r"CLI/",
    "prometheus": r"prometheus/",
    "openssl": r"openssl/",
    "codecs": r"(xxhash|zlib|zstd\w*|lz4\w*)\.h$",
    "acl": r"sys/acl\.h|acl/",
    "systemd": r"systemd/",
    "inotify": r"sys/inotify\.h",
}

# folder: (own folders or single headers, libraries). The longest folder that fits a file counts.
ARROWS = {
    "base": ((), ("spdlog",)),
    "config": (("base",), ("yaml", "url")),
    "watcher": (("base",), ("asio", "inotify")),
    "delta": (("base/error.h", "base/assert.h"), ("codecs", "openssl")),
    "transport": (("base", "delta"), ("asio", "openssl", "acl", "codecs")),
    "agent/plan": (("base", "config/filter.h", "transport/push_list.h"), ()),
    "agent/state": (("base",), ("sqlite",)),
    "agent/push": (("base", "agent/plan", "agent/state", "transport"), ("asio", "acl")),
    "agent/status": (("base",), ("asio", "beast", "json", "url", "prometheus")),
    "agent/cli": (("base", "config"), ("cli11", "json", "asio", "beast")),
    "agent": (("base", "config", "watcher", "delta", "transport", "agent"), tuple(LIBRARIES)),
}

# The one file of a folder that may use a library, where it is one.
ONLY_IN = {
    ("base", "spdlog"): r"base/log\.cpp$",
    ("watcher", "asio"): r"watcher/source_watch\.(h|cpp)$",
}


def folder_of(path):
    fits = [f for f in ARROWS if path.startswith(f + "/")]
    return max(fits, key=len) if fits else None


def library_of(header):
    return next((name for name, pattern in LIBRARIES.items() if re.match(pattern, header)), None)


def may_include(folder, header):
    """True for the folder's own headers and those an arrow leads to; an arrow to a folder is one to its
    subfolders only where it names them."""
    own = folder_of(header) == folder
    return own or any(
        header == target or folder_of(header) == target or (folder == "agent" and header.startswith(target + "/"))
        for target in ARROWS[folder][0])


def findings(path, text):
    folder = folder_of(path)
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1 if match.group(1) else 2)) + 1
        header = match.group(1)
        if header is not None:
            if not os.path.exists(header):
                yield line, f'"{header}" is not relative to the root of the repository'
            elif not may_include(folder, header):
                yield line, f'{folder} may not include "{header}"'
            continue
        header = match.group(2)
        library = library_of(header)
        only_in = ONLY_IN.get((folder, library))
        if library and library not in ARROWS[folder][1]:
            yield line, f"{folder} must not know {library} (<{header}>)"
        elif only_in and not re.match(only_in, path):
            yield line, f"in {folder}, {library} belongs in one file only (<{header}>)"


def main():
    tracked = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard", "--", "*.h", "*.cpp"], check=True, stdout=subprocess.PIPE)
    bad = 0
    for path in tracked.stdout.decode().split("\0"):
        if not folder_of(path) or not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            for line, why in findings(path, file.read()):
                print(f"{path}:{line}: {why}")
                bad = 1
    return bad


sys.exit(main())
