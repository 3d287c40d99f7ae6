#include "config/mapping_keys.h"

#include "base/path.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

namespace lockstep::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours day{24};

constexpr Choice<Watch> watches[] = {
    {"auto", Watch::automatic}, {"inotify", Watch::inotify}, {"poll", Watch::poll}};
constexpr Choice<Delete> deletes[] = {{"true", Delete::yes},
                                      {"false", Delete::no},
                                      {"full_sync", Delete::full_sync},
                                      {"live", Delete::live}};
constexpr Choice<Compress> compressions[] = {
    {"auto", Compress::automatic}, {"none", Compress::none},   {"zstd", Compress::zstd},
    {"lz4", Compress::lz4},        {"zlibx", Compress::zlibx}, {"zlib", Compress::zlib}};
constexpr Choice<AtStart> starts[] = {
    {"auto", AtStart::automatic}, {"always", AtStart::always}, {"never", AtStart::never}};
constexpr Choice<NewFiles> waits[] = {{"wait", NewFiles::wait}, {"send", NewFiles::send}};

struct Attribute {
    std::string_view name;
    bool Preserve::*member;
};
constexpr std::array<Attribute, 11> attributes{{{"links", &Preserve::links},
                                                {"perms", &Preserve::perms},
                                                {"times", &Preserve::times},
                                                {"owner", &Preserve::owner},
                                                {"group", &Preserve::group},
                                                {"devices", &Preserve::devices},
                                                {"specials", &Preserve::specials},
                                                {"hard_links", &Preserve::hard_links},
                                                {"acls", &Preserve::acls},
                                                {"xattrs", &Preserve::xattrs},
                                                {"sparse", &Preserve::sparse}}};

// `key` set to null, or not there, is none.
void read_optional_text(Fields& fields, std::string_view name, std::string_view what,
                        std::optional<std::string>& target)
{
    const Value* value = fields.find(name);
    if (!value || value->kind == Value::Kind::null) return;
    target = read_text(*value, what, fields.out());
}

void read_max_delete(Fields& fields, MaxDelete& target)
{
    const Value* value = fields.find("max_delete");
    if (!value) return;
    std::uint64_t number = 0;
    const char* const end = value->text.data() + value->text.size();
    const auto [rest, error] = std::from_chars(value->text.data(), end, number);
    if (value->kind == Value::Kind::scalar && error == std::errc()) {
        if (rest == end && !value->quoted) {
            target = {std::nullopt, number};
            return;
        }
        if (std::string_view(rest, static_cast<std::size_t>(end - rest)) == "%" && number <= 100) {
            target = {static_cast<std::uint32_t>(number), std::nullopt};
            return;
        }
    }
    fields.out().expected(value->place, value->key,
                          "a share from 0% to 100%, or a count such as 500", described(*value));
}

void read_preserve(Fields& fields, Preserve& target)
{
    const Value* value = fields.find("preserve");
    if (!value) return;
    Diagnostics& out = fields.out();
    const auto words = read_texts(*value, "attributes such as perms and times", out);
    if (!words) return;

    std::array<std::string_view, attributes.size()> names;
    std::transform(attributes.begin(), attributes.end(), names.begin(),
                   [](const Attribute& attribute) { return attribute.name; });
    for (const Attribute& attribute : attributes) target.*attribute.member = false;
    for (std::size_t i = 0; i < words->size(); ++i) {
        const auto* const known = std::find(names.begin(), names.end(), (*words)[i]);
        if (known != names.end()) {
            target.*attributes[static_cast<std::size_t>(known - names.begin())].member = true;
            continue;
        }
        std::string what = "one of";
        for (const std::string_view name : names) (what += ' ') += name;
        const Value& item = value->items[i];
        out.expected(item.place, item.key, what, described(item) + did_you_mean(item.text, names));
    }
}

void read_chmod(Fields& fields, std::optional<ModeChanges>& target)
{
    constexpr std::string_view wanted = "modes such as \"D755,F644\", or null";
    std::optional<std::string> text;
    read_optional_text(fields, "chmod", wanted, text);
    if (!text) return;
    target = ModeChanges::parse(*text, current_umask());
    if (!target) fields.refuse("chmod", wanted);
}

// As a number, that of this host. None: nobody is called so.
template <class Known>
std::optional<std::string> id_of(const std::string& name, const Known& known)
{
    const bool digits = name.find_first_not_of("0123456789") == std::string::npos;
    std::uint32_t number = 0;
    const char* const end = name.data() + name.size();
    if (digits && (name.empty() || std::from_chars(name.data(), end, number).ec == std::errc()))
        return name;
    const std::optional<id_t> id = known(name.c_str());
    if (!id) return std::nullopt;
    return std::to_string(*id);
}

std::optional<id_t> user_id(const char* name)
{
    const struct passwd* known = ::getpwnam(name);
    return known != nullptr ? std::optional<id_t>(known->pw_uid) : std::nullopt;
}

std::optional<id_t> group_id(const char* name)
{
    const struct group* known = ::getgrnam(name);
    return known != nullptr ? std::optional<id_t>(known->gr_gid) : std::nullopt;
}

// Names are the receiver's where ids travel by name.
void read_chown(Fields& fields, bool numeric, std::optional<Owner>& target)
{
    constexpr std::string_view wanted = "user:group, one of which may be left out, or null";
    std::optional<std::string> text;
    read_optional_text(fields, "chown", wanted, text);
    if (!text) return;
    const std::size_t colon = text->find(':');
    if (colon == std::string::npos || text->size() == 1 || colon != text->rfind(':') ||
        text->find_first_of(",*\\\n") != std::string::npos)
        return fields.refuse("chown", wanted);
    std::optional<std::string> user = text->substr(0, colon);
    std::optional<std::string> group = text->substr(colon + 1);
    if (numeric) user = id_of(*user, user_id);
    if (numeric) group = id_of(*group, group_id);
    if (!user || !group)
        return fields.refuse("chown",
                             "a user and a group of this host, numbers, or numeric_ids: false");
    target = Owner{*user, *group};
}

bool is_inside(std::string_view path)
{
    while (!path.empty()) {
        if (name_of_path(path) == "..") return false;
        path = parent_of(path);
    }
    return true;
}

void read_backup(Fields& fields, Mapping& mapping)
{
    const Value* value = fields.find("backup");
    if (!value || value->kind == Value::Kind::null) return;
    Fields backup = fields.map("backup");
    read_optional_text(backup, "dir", "a directory inside the module", mapping.backup_dir);
    read_optional_text(backup, "suffix", "text behind the name, such as ~", mapping.backup_suffix);
    const std::optional<std::string>& dir = mapping.backup_dir;
    if (dir && (dir->starts_with('/') || !is_inside(*dir)))
        backup.refuse("dir", "a directory inside the module");
    if (mapping.backup_suffix && mapping.backup_suffix->find('/') != std::string::npos)
        backup.refuse("suffix", "text behind the name, such as ~");
    backup.finish();
    const bool written = backup.find("dir") != nullptr || backup.find("suffix") != nullptr;
    if (!written && value->kind == Value::Kind::map)
        backup.missing("dir", "a dir, a suffix, or both");
}

void read_batch(Fields fields, Batch& batch)
{
    fields.duration("settle", {milliseconds(0), minutes(10)}, batch.settle);
    fields.duration("max_delay", {milliseconds(0), day}, batch.max_delay);
    fields.number<std::size_t>("max_files", 1, 1'000'000, batch.max_files);
    fields.finish();
    if (batch.settle <= batch.max_delay) return;
    const Value& value = fields.value_or_map("settle");
    fields.out().expected(value.place, value.key,
                          "at most batch.max_delay, which is " + format_duration(batch.max_delay),
                          "'" + format_duration(batch.settle) + "'");
}

void read_open_files(Fields fields, OpenFiles& open_files)
{
    fields.choice("new", waits, open_files.fresh);
    fields.choice("existing", waits, open_files.existing);
    fields.duration("max_wait", {milliseconds(0), 30 * day}, open_files.max_wait);
    fields.finish();
}

void read_queue(Fields fields, Queue& queue)
{
    fields.number<std::size_t>("max_pending", 1, 100'000'000, queue.max_pending);
    fields.finish();
}

// `every: never` leaves only the compare at start and the ones asked for.
void read_full_sync(Fields fields, FullSync& full_sync)
{
    fields.choice("at_start", starts, full_sync.at_start);
    const Value* every = fields.find("every");
    if (every && (is_plain_word(*every, "never") || every->kind == Value::Kind::null)) {
        full_sync.every.reset();
    } else if (every) {
        milliseconds period{0};
        fields.duration("every", {seconds(1), 366 * day}, period);
        if (period.count() > 0) full_sync.every = period;
    }
    fields.finish();
}

void read_command(Fields& fields, std::string_view name, std::vector<std::string>& target)
{
    fields.texts(name, "a program and its arguments", target);
    if (target.empty() || target.front().starts_with('/')) return;
    const Value& value = fields.value_or_map(name).items.front();
    fields.out().expected(value.place, value.key, "the absolute path of a program",
                          described(value));
}

void read_hooks(Fields fields, Hooks& hooks)
{
    read_command(fields, "in_step", hooks.in_step);
    read_command(fields, "trouble", hooks.trouble);
    fields.duration("trouble_after", {milliseconds(0), 30 * day}, hooks.trouble_after);
    fields.finish();
}

// "/shared" of a source's is "shared"; none when it is no path below it.
std::optional<std::string> path_below(std::string_view text)
{
    while (text.starts_with('/')) text.remove_prefix(1);
    while (text.ends_with('/')) text.remove_suffix(1);
    if (text.empty()) return std::nullopt;
    for (std::string_view up = text; !up.empty(); up = parent_of(up)) {
        const std::string_view name = name_of_path(up);
        if (name.empty() || name == "." || name == "..") return std::nullopt;
    }
    return std::string(text);
}

void read_follow(Fields& fields, std::vector<std::string>& follow)
{
    constexpr std::size_t links_max = 100;  // each is watched for itself
    fields.texts("follow", "directories", follow);
    std::set<std::string> paths;
    for (const std::string& text : follow) {
        const std::optional<std::string> path = path_below(text);
        if (!path) return fields.refuse("follow", "paths of links below the source, as /shared");
        paths.insert(*path);
    }
    if (paths.size() > links_max)
        return fields.refuse("follow", "at most " + std::to_string(links_max) + " links");
    follow.assign(paths.begin(), paths.end());
}

}  // namespace

std::string_view name_of(Compress compress)
{
    const auto* const found =
        std::find_if(std::begin(compressions), std::end(compressions),
                     [&](const auto& choice) { return choice.value == compress; });
    return found->name;
}

void read_mapping_keys(Fields& fields, Mapping& mapping)
{
    fields.texts("exclude", "patterns", mapping.exclude);
    fields.texts("include", "patterns", mapping.include);
    fields.flag("one_file_system", mapping.one_file_system);
    read_follow(fields, mapping.follow);
    fields.choice("watch", watches, mapping.watch);
    fields.duration("poll_interval", {milliseconds(10), day}, mapping.poll_interval);
    fields.choice("delete", deletes, mapping.remove);
    read_max_delete(fields, mapping.max_delete);
    read_preserve(fields, mapping.preserve);
    fields.flag("numeric_ids", mapping.numeric_ids);
    read_chmod(fields, mapping.chmod);
    read_chown(fields, mapping.numeric_ids, mapping.chown);
    read_backup(fields, mapping);
    read_batch(fields.map("batch"), mapping.batch);
    read_open_files(fields.map("open_files"), mapping.open_files);
    fields.texts("append_only", "patterns", mapping.append_only);
    fields.texts("inplace", "patterns", mapping.inplace);
    read_queue(fields.map("queue"), mapping.queue);
    fields.choice("compress", compressions, mapping.compress);
    fields.flag("whole_file", mapping.whole_file);
    fields.flag("checksum", mapping.checksum);
    read_full_sync(fields.map("full_sync"), mapping.full_sync);
    read_hooks(fields.map("hooks"), mapping.hooks);
}

}  // namespace lockstep::config
