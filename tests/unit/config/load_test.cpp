// What a file says, and what is said about a wrong one: golden texts, since people and scripts read
// them.
#include "config/load.h"

#include "config/document.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

namespace lockstep::config {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

Config loaded(const std::string& text)
{
    const LoadResult result = load_text(text, "f");
    for (const std::string& error : result.errors) UNSCOPED_INFO(error);
    REQUIRE(result.config);
    return *result.config;
}

Lines errors_of(const std::string& text)
{
    const LoadResult result = load_text(text, "f");
    CHECK(result.config.has_value() == result.errors.empty());
    return result.errors;
}

// A mapping that is complete, with `more` as its further keys, from line 5 on.
std::string mapping_with(const std::string& more)
{
    return "mappings:\n- name: web\n  source: /srv/web\n  destinations: [rsync://h/m]\n" + more;
}

Lines mapping_errors(const std::string& more)
{
    return errors_of(mapping_with(more));
}

}  // namespace

TEST_CASE("a mapping with nothing but the needed has the defaults of the contract",
          "[config][load]")
{
    const Config config = loaded(mapping_with(""));

    CHECK(config.service == Service{});
    CHECK(config.log == Log{});
    CHECK(config.inotify == Inotify{});
    REQUIRE(config.mappings.size() == 1);
    Mapping expected;
    expected.name = "web";
    expected.source = "/srv/web";
    expected.destinations.resize(1);
    expected.destinations[0].url = *parse_destination_url("rsync://h/m").url;
    CHECK(config.mappings[0] == expected);
}

TEST_CASE("an unknown key and a wrong duration are both reported with line and column",
          "[config][load]")
{
    const std::string text =
        "mappings:\n"
        "  - name: web\n"
        "    source: /srv/web\n"
        "    destinations:\n"
        "      - rsync://h/m\n"
        "    batch:\n"
        "      setle: 2ms\n"
        "      max_delay: soon\n";

    CHECK(
        errors_of(text) ==
        Lines{"f:7:7: mappings[0].batch.setle: expected a known key, found 'setle' (did you mean "
              "'settle'?)",
              "f:8:18: mappings[0].batch.max_delay: expected a duration such as 250ms, 5s, 10m, 2h "
              "or 1d, found 'soon'"});
}

TEST_CASE("a key that is close to none comes with the ones there are", "[config][load]")
{
    CHECK(
        errors_of("servce: {}\nlog: { colour: red }\n" + mapping_with("")) ==
        Lines{
            "f:1:1: servce: expected a known key, found 'servce' (did you mean 'service'?)",
            "f:2:8: log.colour: expected a known key, found 'colour' (known here: level, format or "
            "file)"});
}

TEST_CASE("a wrong type says what was wanted", "[config][load]")
{
    CHECK(
        mapping_errors("  one_file_system: yes\n"
                       "  exclude: '*.tmp'\n"
                       "  include: [[a]]\n"
                       "  batch: 3\n"
                       "  delete: sometimes\n"
                       "  checksum: 'true'\n"
                       "  queue: { max_pending: many }\n"
                       "  max_delete: 200%\n"
                       "  preserve: [perm]\n"
                       "  compress:\n") ==
        Lines{
            "f:5:20: mappings[0].one_file_system: expected true or false, found 'yes'",
            "f:6:12: mappings[0].exclude: expected a list of patterns ([] for none), found '*.tmp'",
            "f:7:13: mappings[0].include[0]: expected one of patterns, found a list",
            "f:8:10: mappings[0].batch: expected a map, found '3'",
            "f:9:11: mappings[0].delete: expected true, false, full_sync or live, found "
            "'sometimes'",
            "f:10:13: mappings[0].checksum: expected true or false, found the text 'true'",
            "f:11:25: mappings[0].queue.max_pending: expected a whole number from 1 to 100000000, "
            "found 'many'",
            "f:12:15: mappings[0].max_delete: expected a share from 0% to 100%, or a count such as "
            "500, found '200%'",
            "f:13:14: mappings[0].preserve[0]: expected one of links perms times owner group "
            "devices specials hard_links acls xattrs sparse, found 'perm' (did you mean 'perms'?)",
            "f:14:3: mappings[0].compress: expected auto, none, zstd, lz4, zlibx or zlib, found "
            "nothing"});
}

TEST_CASE("a value out of range says the range", "[config][load]")
{
    CHECK(
        mapping_errors("  batch: { settle: 2d, max_files: 0 }\n"
                       "  poll_interval: 1ms\n"
                       "  full_sync: { every: 10ms }\n") ==
        Lines{
            "f:5:20: mappings[0].batch.settle: expected a duration from 0s to 10m, found '2d'",
            "f:5:35: mappings[0].batch.max_files: expected a whole number from 1 to 1000000, found "
            "'0'",
            "f:6:18: mappings[0].poll_interval: expected a duration from 10ms to 1d, found '1ms'",
            "f:7:23: mappings[0].full_sync.every: expected a duration from 1s to 366d, found "
            "'10ms'"});
}

TEST_CASE("what is sent otherwise than it is here has a form", "[config][load]")
{
    CHECK(
        mapping_errors("  chmod: D75x\n"
                       "  chown: web\n"
                       "  backup: { dir: ../out, suffix: a/b }\n") ==
        Lines{"f:5:10: mappings[0].chmod: expected modes such as \"D755,F644\", or null, found "
              "'D75x'",
              "f:6:10: mappings[0].chown: expected user:group, one of which may be left out, or "
              "null, found 'web'",
              "f:7:18: mappings[0].backup.dir: expected a directory inside the module, found "
              "'../out'",
              "f:7:34: mappings[0].backup.suffix: expected text behind the name, such as ~, found "
              "'a/b'"});
    CHECK(mapping_errors("  chown: nobody-is-called-so:root\n") ==
          Lines{"f:5:10: mappings[0].chown: expected a user and a group of this host, numbers, or "
                "numeric_ids: false, found 'nobody-is-called-so:root'"});

    const LoadResult here = load_text(mapping_with("  chown: \"daemon:\"\n"), "f");
    REQUIRE(here.config);
    CHECK(here.config->mappings[0].chown == Owner{"1", ""});
    const LoadResult there =
        load_text(mapping_with("  numeric_ids: false\n  chown: nobody-is-called-so:root\n"), "f");
    REQUIRE(there.config);
    CHECK(there.config->mappings[0].chown == Owner{"nobody-is-called-so", "root"});
}

TEST_CASE("what a mapping needs and has not is reported at the mapping", "[config][load]")
{
    CHECK(
        errors_of("mappings:\n  - exclude: []\n") ==
        Lines{
            "f:2:5: mappings[0].destinations: expected a list of at least one destination, found "
            "nothing",
            "f:2:5: mappings[0].name: expected a name of letters, digits, '_', '.' and '-' (at "
            "most "
            "100), found nothing",
            "f:2:5: mappings[0].source: expected the absolute path of a directory, without '.' and "
            "'..', found nothing"});
    CHECK(errors_of("") == Lines{"f:1:1: mappings: expected a list of mappings, found nothing"});
    CHECK(
        errors_of("mappings: [{name: a, source: /a, destinations: []}]") ==
        Lines{
            "f:1:48: mappings[0].destinations: expected a list of at least one destination, found "
            "an empty one"});
}

TEST_CASE("names and sources have a form", "[config][load]")
{
    for (const char* name : {"'a b'", "a/b", "'..'", "''", "\"a\\n\"", "[]"}) {
        INFO(name);
        CHECK(errors_of(std::string("mappings: [{name: ") + name +
                        ", source: /a, destinations: [rsync://h/m]}]")
                  .size() == 1);
    }
    for (const char* source : {"a", "./a", "/a/../b", "/a/.", "''", "~"}) {
        INFO(source);
        CHECK(errors_of(std::string("mappings: [{name: a, source: ") + source +
                        ", destinations: [rsync://h/m]}]")
                  .size() == 1);
    }
    CHECK(loaded("mappings: [{name: A-z_0.9, source: //srv//web/, destinations: [rsync://h/m]}]")
              .mappings.at(0)
              .source == "/srv/web");
}

TEST_CASE("two mappings cannot share a name", "[config][load]")
{
    CHECK(errors_of("mappings:\n"
                    "- {name: a, source: /a, destinations: [rsync://h/a]}\n"
                    "- {name: a, source: /b, destinations: [rsync://h/b]}\n") ==
          Lines{"f:3:10: mappings[1].name: expected a name of its own, found 'a' as in line 2"});
}

TEST_CASE("a destination is there once in a mapping, and once in all where it deletes",
          "[config][load]")
{
    CHECK(
        errors_of(
            "mappings:\n"
            "- {name: a, source: /a, destinations: [rsync://h/a, {url: rsync://h:873/a/}]}\n") ==
        Lines{"f:2:53: mappings[0].destinations[1]: destination 'rsync://h:873/a' is there twice"});

    const std::string two =
        "mappings:\n"
        "- {name: a, source: /a, destinations: [rsync://h/a]}\n"
        "- {name: b, source: /b, destinations: [rsync://u@h/a]}\n";
    CHECK(
        errors_of(two) ==
        Lines{
            "f:3:39: mappings[1].destinations: 'rsync://h/a' is a destination of mapping 'a' too: "
            "each would delete what the other sends"});
    CHECK(errors_of("defaults: {delete: false}\n" + two).empty());
}

TEST_CASE("both forms of a destination are read", "[config][load]")
{
    const Config config = loaded(
        "mappings:\n"
        "- name: a\n"
        "  source: /a\n"
        "  destinations:\n"
        "  - rsync://[fe80::1%lo]:8873/m/sub\n"
        "  - url: rsync://u@h/m\n"
        "    password_file: /etc/p\n"
        "    connections: 1\n"
        "    warm_sessions: 0\n"
        "    timeout: 5s\n"
        "    retry: {max: 10s}\n");

    const std::vector<Destination>& destinations = config.mappings.at(0).destinations;
    REQUIRE(destinations.size() == 2);
    CHECK(destinations[0].url.host == "fe80::1%lo");
    CHECK(destinations[0].connections == 2);
    CHECK(destinations[1].url.user == "u");
    CHECK(destinations[1].password_file == "/etc/p");
    CHECK(destinations[1].connections == 1);
    CHECK(destinations[1].warm_sessions == 0);
    CHECK(destinations[1].timeout == 5s);
    CHECK(destinations[1].retry == Retry{1s, 10s});
}

TEST_CASE("keys that do not fit together are errors where they stand", "[config][load]")
{
    CHECK(mapping_errors("  batch: { settle: 5s }\n") ==
          Lines{"f:5:20: mappings[0].batch.settle: expected at most batch.max_delay, which is 2s, "
                "found "
                "'5s'"});
    CHECK(
        errors_of("mappings:\n- name: a\n  source: /a\n  destinations:\n"
                  "  - url: rsync://h/m\n"
                  "    password_file: /p\n"
                  "    retry: { initial: 10m }\n") ==
        Lines{
            "f:6:20: mappings[0].destinations[0].password_file: expected only beside a URL with a "
            "user, such as rsync://user@host/module, found with 'rsync://h/m'",
            "f:7:23: mappings[0].destinations[0].retry.initial: expected at most retry.max, which "
            "is 5m, found '10m'"});
}

TEST_CASE("a password never comes back in a message", "[config][load]")
{
    for (const char* destination :
         {"rsync://u:hunter2@h/m", "rsync://u:hunter2@h", "u:hunter2@h::m",
          "{url: rsync://u:hunter2@h/m}", "{url: rsync://u@h/m, password_file: hunter2}",
          "{url: rsync://u@h/m, password: hunter2}", "rsync://u:hun/hunter2@h/m",
          "{url: rsync://u@h/m, password_file: [hunter2]}"}) {
        const Lines errors = errors_of(
            std::string("mappings: [{name: a, source: /a, destinations: [") + destination + "]}]");
        INFO(destination);
        REQUIRE(errors.size() == 1);
        CHECK(errors[0].find("hunter2") == std::string::npos);
    }
}

TEST_CASE("defaults hold for every mapping, which replaces values and merges maps",
          "[config][defaults]")
{
    const Config config = loaded(
        "defaults:\n"
        "  exclude: ['*.tmp', '*.bak']\n"
        "  checksum: true\n"
        "  batch: {settle: 5ms, max_files: 7}\n"
        "mappings:\n"
        "- {name: a, source: /a, destinations: [rsync://h/a]}\n"
        "- name: b\n"
        "  source: /b\n"
        "  destinations: [rsync://h/b]\n"
        "  exclude: [x]\n"
        "  checksum: false\n"
        "  batch: {settle: 1ms}\n");

    const Mapping& a = config.mappings.at(0);
    CHECK(a.exclude == Lines{"*.tmp", "*.bak"});
    CHECK(a.checksum);
    CHECK(a.batch == Batch{5ms, 2s, 7});
    const Mapping& b = config.mappings.at(1);
    CHECK(b.exclude == Lines{"x"});
    CHECK_FALSE(b.checksum);
    CHECK(b.batch == Batch{1ms, 2s, 7});
}

TEST_CASE("a mistake in defaults is reported once, and without any mapping too",
          "[config][defaults]")
{
    const std::string defaults = "defaults:\n  batch: {settle: x}\n  checksun: true\n";
    const Lines expected{
        "f:2:19: defaults.batch.settle: expected a duration such as 250ms, 5s, 10m, 2h or 1d, "
        "found 'x'",
        "f:3:3: defaults.checksun: expected a known key, found 'checksun' (did you mean "
        "'checksum'?)"};

    CHECK(errors_of(defaults + "mappings: []\n") == expected);
    CHECK(errors_of(defaults + "mappings:\n"
                               "- {name: a, source: /a, destinations: [rsync://h/a]}\n"
                               "- {name: b, source: /b, destinations: [rsync://h/b]}\n") ==
          expected);
}

TEST_CASE("what cannot be a default is said to be so", "[config][defaults]")
{
    CHECK(
        errors_of("defaults:\n  name: a\n  retry: {max: 1s}\nmappings: []\n") ==
        Lines{
            "f:2:9: defaults.name: expected in each mapping, found in defaults: name cannot be the "
            "same for all",
            "f:3:10: defaults.retry: expected below a destination, found in defaults: retry is no "
            "key of a mapping"});
}

TEST_CASE("service, log and inotify are read", "[config][load]")
{
    const Config config = loaded(
        "service: {status_socket: /s, state_dir: /d/, listen: '[::1]:9477'}\n"
        "log: {level: debug, format: ecs, file: /l}\n"
        "inotify: {max_user_watches: keep, max_user_instances: 512, max_queued_events: 1}\n" +
        mapping_with(""));

    CHECK(config.service == Service{"/s", "/d", "[::1]:9477"});
    CHECK(config.log == Log{LogLevel::debug, LogFormat::ecs, "/l"});
    CHECK(config.inotify == Inotify{std::nullopt, 512, 1});
}

TEST_CASE("service, log and inotify have ranges", "[config][load]")
{
    CHECK(
        errors_of("service: {status_socket: s, state_dir: null, listen: 9477}\n"
                  "log: {level: warning, file: ./l}\n"
                  "inotify: {max_user_watches: kept, max_user_instances: 0}\n" +
                  mapping_with("")) ==
        Lines{
            "f:1:26: service.status_socket: expected an absolute path without '.', '..' and "
            "control "
            "characters, found 's'",
            "f:1:29: service.state_dir: expected an absolute path, found nothing",
            "f:1:54: service.listen: expected HOST:PORT such as 127.0.0.1:9477 or [::1]:9477, "
            "found "
            "'9477'",
            "f:2:14: log.level: expected trace, debug, info, warn or error, found 'warning' (did "
            "you "
            "mean 'warn'?)",
            "f:2:29: log.file: expected an absolute path without '.', '..' and control characters, "
            "found './l'",
            "f:3:29: inotify.max_user_watches: expected a whole number or keep, found 'kept'",
            "f:3:55: inotify.max_user_instances: expected a whole number from 1 to 2147483647, "
            "found "
            "'0'"});
}

TEST_CASE("a status that other hosts can read is warned of", "[config][load]")
{
    const LoadResult open = load_text("service: {listen: 0.0.0.0:9477}\n" + mapping_with(""), "f");
    CHECK(open.config);
    CHECK(open.warnings ==
          Lines{"f:1:19: service.listen: other hosts can read the status at '0.0.0.0:9477'"});
    CHECK(load_text("service: {listen: 127.0.0.1:1}\n" + mapping_with(""), "f").warnings.empty());
}

TEST_CASE("an absolute pattern with the source in it is answered with the right spelling",
          "[config][patterns]")
{
    CHECK(
        mapping_errors(
            "  exclude: [/cache/, '*.tmp', logs/*.gz, /srv/web/cache/, /srv/website, '']\n"
            "  include: [/srv/web]\n") ==
        Lines{
            "f:5:42: mappings[0].exclude[3]: expected '/cache/' (patterns are anchored at the "
            "source), found '/srv/web/cache/'",
            "f:5:73: mappings[0].exclude[5]: expected one of patterns, found ''",
            "f:6:13: mappings[0].include[0]: expected '/**' (patterns are anchored at the source), "
            "found '/srv/web'"});
}

TEST_CASE("a trailing blank and a rule's prefix in a pattern are warned of and kept",
          "[config][patterns]")
{
    const LoadResult result = load_text(mapping_with("  exclude: ['a ', '- b', '!', c]\n"), "f");

    REQUIRE(result.config);
    CHECK(result.config->mappings.at(0).exclude == Lines{"a ", "- b", "!", "c"});
    CHECK(
        result.warnings ==
        Lines{
            "f:5:13: mappings[0].exclude[0]: the pattern ends with a blank, which a name must have "
            "too: 'a '",
            "f:5:19: mappings[0].exclude[1]: taken as a name that begins like this, not as rsync's "
            "rule prefix: '- b'",
            "f:5:26: mappings[0].exclude[2]: taken as a name that begins like this, not as rsync's "
            "rule prefix: '!'"});
}

TEST_CASE("each pattern's line is known by mapping and rule", "[config][patterns]")
{
    const LoadResult result = load_text(
        "defaults:\n  exclude:\n  - a\n  - b\n" + mapping_with("  include:\n  - c\n"), "f");
    REQUIRE(result.config);
    CHECK(result.pattern_lines.at({"web", "exclude[1]"}) == 4);
    CHECK(result.pattern_lines.at({"web", "include[0]"}) == 10);
}

TEST_CASE("our own files inside a source are an error unless they are excluded", "[config][load]")
{
    const std::string service = "service: {state_dir: /srv/web/state}\n";
    CHECK(errors_of(service + mapping_with("")) ==
          Lines{"f:4:11: mappings[0].source: service.state_dir '/srv/web/state' lies inside: move "
                "it, or "
                "exclude '/state'"});
    CHECK(errors_of(service + mapping_with("  exclude: [/state/]\n")).empty());
    CHECK(errors_of("log: {file: /srv/web/l}\n" + mapping_with("")).size() == 1);
}

TEST_CASE("a directory is no destination of what holds it, nor of what it holds", "[config][load]")
{
    const auto errors_to = [](const std::string& path, const std::string& more = "") {
        return errors_of("mappings:\n- name: web\n  source: /srv/web\n  destinations: [file://" +
                         path + "]\n" + more);
    };
    const std::string place = "f:4:17: mappings[0].destinations: ";
    const std::string holds = "the source '/srv/web' lies inside the destination ";
    CHECK(errors_to("/srv/web/copy") ==
          Lines{place + "the destination '/srv/web/copy' lies inside the source: move it, or "
                        "exclude '/copy'"});
    CHECK(errors_to("/srv/web/copy", "  exclude: [/copy/]\n").empty());
    CHECK(errors_to("/srv") == Lines{place + holds + "'/srv'"});
    CHECK(errors_to("/srv/web") == Lines{place + holds + "'/srv/web'"});
    CHECK(errors_to("/srv/web2").empty());
}

TEST_CASE("a program is given no password and no authority", "[config][load]")
{
    for (const char* url : {"ssh://u@h/p", "file:///p"}) {
        const std::string of =
            "mappings:\n- name: web\n  source: /srv/web\n  destinations:\n"
            "  - url: " +
            std::string(url) + "\n";
        CHECK(errors_of(of).empty());
        CHECK(errors_of(of + "    password_file: /f\n").size() == 1);
        CHECK(errors_of(of + "    ca_file: /f\n").size() == 1);
        CHECK(errors_of(of + "    cert_file: /f\n    key_file: /k\n").size() == 2);
    }
}

TEST_CASE("of a certificate and its key neither goes without the other", "[config][load]")
{
    const std::string of =
        "mappings:\n- name: web\n  source: /srv/web\n  destinations:\n  - url: rsyncs://h/m\n";
    CHECK(errors_of(of + "    cert_file: /c\n    key_file: /k\n").empty());
    CHECK(errors_of(of + "    cert_file: /c\n") ==
          Lines{"f:6:16: mappings[0].destinations[0].cert_file: expected only together with "
                "key_file, found alone"});
    CHECK(errors_of(of + "    key_file: /k\n") ==
          Lines{"f:6:15: mappings[0].destinations[0].key_file: expected only together with "
                "cert_file, found alone"});
}

TEST_CASE("broken YAML is one error with line and column", "[config][document]")
{
    CHECK(errors_of("mappings:\n  - name: [a\n  b: c\n").size() == 1);
    CHECK(errors_of("a: b: c\n") == Lines{"f:1:5: YAML: illegal map value"});
    CHECK(errors_of("\tmappings: 1\n").size() == 1);
    CHECK(errors_of("a: *nowhere\n").size() == 1);
    CHECK(errors_of("a: !!binary x\n").size() == 1);
    CHECK(errors_of("mappings: []\n---\nmappings: []\n") ==
          Lines{"f:3:1: expected one document, found a second one"});
    CHECK(errors_of("[a]").size() == 1);
    CHECK(errors_of("{[a]: b}").size() == 1);
}

TEST_CASE("a key that is there twice is an error", "[config][document]")
{
    CHECK(mapping_errors("  checksum: true\n  checksum: false\n") ==
          Lines{"f:6:3: key 'checksum' is there twice in one map"});
}

TEST_CASE("an alias stands for its value at each place", "[config][document]")
{
    const Config config = loaded(
        "mappings:\n"
        "- {name: a, source: /a, destinations: [rsync://h/a], exclude: &x [p, q]}\n"
        "- {name: b, source: /b, destinations: [rsync://h/b], exclude: *x}\n");
    CHECK(config.mappings.at(1).exclude == Lines{"p", "q"});
}

TEST_CASE("hostile documents are refused within bounds", "[config][document]")
{
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int n = 0; n < 9; ++n) bomb += ", " + last;
        bomb += "]\n";
    }
    CHECK(errors_of(bomb).size() == 1);
    CHECK(errors_of("a: &a [*a]\n").size() == 1);
    CHECK(errors_of("mappings: &a\n- *a\n").size() == 1);
    CHECK(errors_of("a: " + std::string(100'000, '[')).size() == 1);
    CHECK(errors_of("a: " + std::string(100'000, '{')).size() == 1);
    std::string nested;
    for (std::size_t i = 0; i < 400; ++i) nested += std::string(i, ' ') + "a:\n";
    CHECK(errors_of(nested).size() == 1);
    CHECK(errors_of(std::string(document_bytes_max + 1, '#')).size() == 1);
    CHECK(errors_of("mappings: [" + std::string(400'000, ',') + "]").size() == 1);
}

TEST_CASE("endless mistakes are cut off with their number", "[config][document]")
{
    std::string text = mapping_with("");
    for (int i = 0; i < 1'000; ++i) text += "x" + std::to_string(i) + ": 1\n";
    const Lines errors = errors_of(text);
    REQUIRE(errors.size() == 201);
    CHECK(errors.back() == "f: and 800 more");
}

TEST_CASE("no text, however broken, does more than give errors", "[config][document]")
{
    std::mt19937 random(Catch::rngSeed());
    const std::string good = mapping_with("  batch: {settle: 5ms}\n  exclude: ['*.tmp', \"/a\"]\n");
    const std::string_view bytes("\0\t\n :-[]{}&*!|>'\"%@#,?x\xff\xc3", 25);
    for (int i = 0; i < 2'000; ++i) {
        std::string text = good;
        for (std::size_t n = 1 + random() % 4; n > 0; --n) {
            const std::size_t at = random() % text.size();
            if (random() % 2 == 0)
                text[at] = bytes[random() % bytes.size()];
            else
                text.insert(at, 1, bytes[random() % bytes.size()]);
        }
        const LoadResult result = load_text(text, "f");
        REQUIRE(result.config.has_value() == result.errors.empty());
    }
}

TEST_CASE("followed links are paths below the source", "[config][follow]")
{
    const LoadResult good = load_text(mapping_with("  follow: [/shared, a/b/, '/shared/']\n"), "f");
    REQUIRE(good.config);
    CHECK(good.config->mappings[0].follow == std::vector<std::string>{"a/b", "shared"});

    for (const std::string wrong : {"/", "a//b", "../a", "a/..", "a/./b"}) {
        const LoadResult result = load_text(mapping_with("  follow: [" + wrong + "]\n"), "f");
        REQUIRE(result.errors.size() == 1);
        CHECK(result.errors[0].find("follow: expected paths of links below the source") !=
              std::string::npos);
    }
}

TEST_CASE("a file that cannot be read is one error", "[config][load]")
{
    const testing::TempDir dir;
    const LoadResult none = load_file(dir / "none");
    REQUIRE(none.errors.size() == 1);
    CHECK(none.errors[0].starts_with(dir / "none: "));
    CHECK(none.errors[0].find("No such file") != std::string::npos);
    CHECK(load_file(dir.path()).errors.size() == 1);

    testing::write_file(dir / "good", mapping_with(""));
    CHECK(load_file(dir / "good").config);
}

}  // namespace lockstep::config
