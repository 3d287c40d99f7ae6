#include "agent/push_job.h"

#include "config/secret.h"
#include "transport/filter_rules.h"
#include "transport/link_speed.h"
#include "transport/token_bucket.h"

#include <algorithm>
#include <chrono>

namespace lockstep::agent {
namespace {

transport::Reach reach_of(config::Scheme scheme)
{
    switch (scheme) {
        case config::Scheme::rsyncs:
            return transport::Reach::tls;
        case config::Scheme::ssh:
            return transport::Reach::ssh;
        case config::Scheme::file:
            return transport::Reach::local;
        case config::Scheme::rsync:
            break;
    }
    return transport::Reach::tcp;
}

}  // namespace

std::shared_ptr<const config::Filter> filter_of(const config::Mapping& mapping)
{
    return std::make_shared<const config::Filter>(mapping.include, mapping.exclude);
}

std::function<bool(std::string_view path, bool directory)> excluded_by(
    std::shared_ptr<const config::Filter> filter)
{
    if (filter->empty()) return nullptr;
    return [filter = std::move(filter)](std::string_view path, bool directory) {
        return filter->excludes_entry(path, directory);
    };
}

std::function<bool(std::string_view path)> matched_by(const std::vector<std::string>& patterns)
{
    if (patterns.empty()) return nullptr;
    const std::vector<std::string> none;
    return [filter = std::make_shared<const config::Filter>(none, patterns)](
               std::string_view path) { return filter->excludes(path, false); };
}

std::vector<std::string> protecting_rules(const config::Mapping& mapping,
                                          const config::Filter& filter)
{
    std::vector<std::string> rules = filter.wire_rules();
    if (mapping.backup_dir)
        rules.push_back("- /" + transport::literal_pattern(*mapping.backup_dir));
    else if (mapping.backup_suffix)
        rules.push_back("- *" + transport::escaped_in_pattern(*mapping.backup_suffix));
    return rules;
}

transport::Endpoint endpoint_of(const config::Destination& destination)
{
    transport::Endpoint endpoint;
    endpoint.reach = reach_of(destination.url.scheme);
    endpoint.tls = {destination.ca_file, destination.cert_file, destination.key_file};
    endpoint.host = destination.url.host;
    const bool as_ssh_has_it =
        destination.url.scheme == config::Scheme::ssh && !destination.url.port_written;
    endpoint.port = as_ssh_has_it ? 0 : destination.url.port;
    endpoint.module = destination.url.module;
    endpoint.path = destination.url.path;
    endpoint.user = destination.url.user;
    endpoint.timeout = destination.timeout;
    if (destination.password_file)
        endpoint.password = config::read_password_file(*destination.password_file).reveal();
    return endpoint;
}

transport::PushOptions push_options_of(const config::Mapping& mapping,
                                       const config::Destination& destination)
{
    transport::PushOptions options;
    options.links = mapping.preserve.links;
    options.perms = mapping.preserve.perms;
    options.times = mapping.preserve.times;
    options.owner = mapping.preserve.owner;
    options.group = mapping.preserve.group;
    options.devices = mapping.preserve.devices;
    options.specials = mapping.preserve.specials;
    options.hard_links = mapping.preserve.hard_links;
    options.acls = mapping.preserve.acls;
    options.xattrs = mapping.preserve.xattrs;
    options.sparse = mapping.preserve.sparse;
    options.numeric_ids = mapping.numeric_ids;
    if (mapping.chown) {
        options.all_users = mapping.chown->user;
        options.all_groups = mapping.chown->group;
    }
    options.backup_dir = mapping.backup_dir.value_or(std::string());
    options.backup_suffix = mapping.backup_suffix.value_or(std::string());
    // What is sent once more must not take the place of the backup: the receiver compares.
    options.checksum = mapping.checksum || options.keeps_backups();
    options.whole_file = mapping.whole_file;
    options.compress = name_of(mapping.compress);
    options.timeout_s = static_cast<std::uint32_t>(std::max<std::int64_t>(
        1, std::chrono::ceil<std::chrono::seconds>(destination.timeout).count()));
    return options;
}

std::shared_ptr<push::SessionPool> make_sessions(push::SessionPool::Threads threads,
                                                 const config::Destination& destination,
                                                 std::size_t warm_max,
                                                 std::shared_ptr<push::Slots> slots)
{
    push::SessionPool::Settings settings;
    std::shared_ptr<transport::TokenBucket> limit;
    if (destination.bandwidth_limit)
        limit = std::make_shared<transport::TokenBucket>(*destination.bandwidth_limit);
    settings.endpoint = [destination, limit] {
        transport::Endpoint endpoint = endpoint_of(destination);
        endpoint.limit = limit;
        return endpoint;
    };
    if (!transport::is_program(reach_of(destination.url.scheme)))
        settings.speed = std::make_shared<transport::LinkSpeed>(destination.bandwidth_limit);
    settings.warm_max = warm_max;
    settings.timeout = destination.timeout;
    const config::DestinationUrl& url = destination.url;
    settings.module = url.host + ":" + std::to_string(url.port) + "/" +
                      (url.module.empty() ? url.path : url.module);
    settings.slots = std::move(slots);
    return push::SessionPool::make(std::move(threads), std::move(settings));
}

push::PushJob push_job(const config::Mapping& mapping, const config::Destination& destination,
                       const std::shared_ptr<const config::Filter>& filter)
{
    push::PushJob job;
    job.source = mapping.source;
    job.options = push_options_of(mapping, destination);
    job.filter_rules = protecting_rules(mapping, *filter);
    job.open_files.new_waits = mapping.open_files.fresh == config::NewFiles::wait;
    job.open_files.existing_waits = mapping.open_files.existing == config::NewFiles::wait;
    job.open_files.max_wait = mapping.open_files.max_wait;
    job.observe.acls = mapping.preserve.acls;
    job.observe.xattrs = mapping.preserve.xattrs;
    job.observe.hard_links = mapping.preserve.hard_links;
    job.observe.one_file_system = mapping.one_file_system;
    job.follow = mapping.follow;
    job.observe.excluded = excluded_by(filter);
    job.append_only = matched_by(mapping.append_only);
    job.in_place = matched_by(mapping.inplace);
    if (mapping.chmod)
        job.observe.sent_mode = [changes = *mapping.chmod](std::uint32_t mode) {
            return changes.applied_to(mode);
        };
    const config::Delete remove = mapping.remove;
    job.piece_entries = mapping.batch.max_files;
    job.connections = destination.connections;
    job.plan.delete_live = remove == config::Delete::yes || remove == config::Delete::live;
    job.plan.delete_compare = remove == config::Delete::yes || remove == config::Delete::full_sync;
    return job;
}

}  // namespace lockstep::agent
