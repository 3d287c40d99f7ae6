// What the contract has is accepted, as it is written there.
#include "config/load.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace lockstep::config {
namespace {

LoadResult with_key(const std::string& key)
{
    return load_text(
        "mappings:\n- name: web\n  source: /srv/web\n  destinations: [rsync://h/m]\n  " + key +
            "\n",
        "f");
}

LoadResult with_destination(const std::string& destination)
{
    return load_text(
        "mappings:\n- name: web\n  source: /srv/web\n  destinations:\n  - " + destination + "\n",
        "f");
}

}  // namespace

TEST_CASE("each key is accepted as the contract writes it, and as what means off",
          "[config][accepted]")
{
    for (const char* key : {"follow: []",
                            "follow: [/shared, a/b]",
                            "chmod: D755",
                            "backup: {suffix: x}",
                            "watch: auto",
                            "watch: inotify",
                            "watch: poll",
                            "open_files: {new: send, existing: wait, max_wait: 2h}",
                            "chmod: null",
                            "chown: ~",
                            "backup: null",
                            "append_only: [\"*.log\"]",
                            "inplace: [/images/]",
                            "compress: auto",
                            "compress: none",
                            "compress: zstd",
                            "compress: lz4",
                            "compress: zlibx",
                            "compress: zlib",
                            "open_files: {new: wait, existing: send, max_wait: 60m}",
                            "hooks: {}",
                            "hooks: {in_step: [], trouble: [], trouble_after: 1m}",
                            "hooks: {in_step: [/bin/true], trouble: [/bin/true, x]}",
                            "full_sync: {at_start: always}",
                            "full_sync: {at_start: never, every: 2h}",
                            "full_sync: {every: never}",
                            "queue: {max_pending: 10}",
                            "checksum: true",
                            "whole_file: true",
                            "max_delete: 10",
                            "max_delete: 0",
                            "max_delete: 100%",
                            "delete: true",
                            "delete: false",
                            "delete: full_sync",
                            "delete: live",
                            "preserve: []",
                            "preserve: [times, perms]",
                            "numeric_ids: false",
                            "one_file_system: false"}) {
        const LoadResult result = with_key(key);
        for (const std::string& error : result.errors) UNSCOPED_INFO(error);
        CHECK(result.config);
    }
    for (const char* destination :
         {"{url: rsync://h/m, connections: 1}", "rsyncs://h/m", "{url: rsyncs://h/m, ca_file: /c}",
          "{url: rsyncs://h/m, cert_file: /c, key_file: /k}",
          "{url: rsync://h/m, connections: 16, warm_sessions: 0}",
          "{url: rsync://h/m, bandwidth_limit: 10MiB}", "ssh://u@h/p", "ssh://h:22/p", "file:///p",
          "{url: ssh://u@h/p, connections: 2, warm_sessions: 2, bandwidth_limit: 1MiB}",
          "{url: rsync://h/m, ca_file: null, bandwidth_limit: null, password_file: null}"})
        CHECK(with_destination(destination).config);
}

TEST_CASE("a hook is a program by its absolute path", "[config][accepted]")
{
    CHECK(with_key("hooks: {in_step: [purge]}").errors ==
          std::vector<std::string>{"f:5:21: mappings[0].hooks.in_step[0]: expected the absolute "
                                   "path of a program, found 'purge'"});
}

}  // namespace lockstep::config
