#!/usr/bin/env python3
"""clang-tidy over the code folders, two files at a time.

    tools/lint.d/tidy.py BUILD_DIR [--changed REF]

The build's compile commands name g++'s precompiled header and flags that clang does not know; both are
left out, which also proves that files include what they use. A changed header is looked at through the
source file of the same name, else through one that includes it.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

FOLDERS = ("base/", "config/", "watcher/", "delta/", "transport/", "agent/")
GCC_ONLY = {"-fpch-preprocess", "-Winvalid-pch", "-Wno-maybe-uninitialized", "-Wno-stringop-overflow"}
LINT_DIR = "build/lint"


def clang_command(command):
    words = command.split()
    kept, skip = [], False
    for i, word in enumerate(words):
        if skip:
            skip = False
        elif word == "-include" and words[i + 1].endswith("cmake_pch.hxx"):
            skip = True
        elif word not in GCC_ONLY:
            kept.append(word)
    # The launcher (env A=B … ccache) before the compiler goes too.
    compiler = next(i for i, word in enumerate(kept) if re.search(r"(c|g|clang)\+\+[-\d.]*$", word))
    return " ".join(kept[compiler:])


def write_commands(build_dir):
    """A compile_commands.json of our own; the sources it covers, relative to the repository."""
    with open(os.path.join(build_dir, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    for entry in entries:
        entry["command"] = clang_command(entry["command"])
    os.makedirs(LINT_DIR, exist_ok=True)
    with open(os.path.join(LINT_DIR, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(entries, file)
    paths = {os.path.relpath(entry["file"]) for entry in entries}
    return sorted(p for p in paths if p.startswith(FOLDERS))


def changed_since(ref):
    named = subprocess.run(["git", "diff", "--name-only", "--diff-filter=d", ref, "--", "*.h", "*.cpp"],
                           check=True, stdout=subprocess.PIPE, text=True)
    return [p for p in named.stdout.split("\n") if p.startswith(FOLDERS)]


def includer_of(header, sources):
    twin = header[:-2] + ".cpp"
    if twin in sources:
        return twin
    for source in sources:
        with open(source, encoding="utf-8") as file:
            if f'#include "{header}"' in file.read():
                return source
    return None


def tidy(source):
    command = ["clang-tidy", "-p", LINT_DIR, "--quiet", source]
    with open(source, encoding="utf-8") as file:
        if re.search(r"\bco_(await|return)\b", file.read()):
            # Version 14 takes coroutine frames for uninitialised objects.
            command.append("--checks=-clang-analyzer-*")
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return source, result.returncode, result.stdout, result.stderr


def main():
    sources = write_commands(sys.argv[1])
    todo = sources
    if "--changed" in sys.argv:
        changed = changed_since(sys.argv[sys.argv.index("--changed") + 1])
        todo = sorted({p if p in sources else includer_of(p, sources) for p in changed} - {None})
    print(f"clang-tidy: {len(todo)} of {len(sources)} files", flush=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("LOCKSTEP_JOBS", os.cpu_count() or 1))) as pool:
        for source, code, out, err in pool.map(tidy, todo):
            if code != 0 or "warning:" in out:
                # Counts of suppressed warnings are noise; what could not be compiled is not.
                print(out or err, end="", flush=True)
                print(f"{source}: clang-tidy is not content", flush=True)
                bad = 1
    return bad


sys.exit(main())
