#include "agent/status/metrics.h"

#include "agent/status/utf8.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <functional>
#include <limits>

namespace lockstep::status {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

ClientMetric::Label label(std::string name, std::string_view value)
{
    return {std::move(name), as_utf8(value)};
}

Labels labels_of(const Mapping& mapping)
{
    return {label("mapping", mapping.name)};
}

Labels labels_of(const Mapping& mapping, const Destination& destination)
{
    return {label("mapping", mapping.name), label("destination", destination.url)};
}

ClientMetric sample(MetricType type, Labels labels, double value)
{
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    return metric;
}

// One number of something, as a family: its name, help, type and how to read it.
template <typename Source>
struct Measure {
    const char* name;
    const char* help;
    MetricType type;
    double (*read)(const Source&);
};

constexpr double per_second = 1000.0;  // ms

const std::array<Measure<Snapshot>, 4> agent_measures{{
    {"lockstep_start_time_seconds", "When the agent started, in Unix time.", MetricType::Gauge,
     [](const Snapshot& s) {
         return std::chrono::duration<double>(s.started_at.time_since_epoch()).count();
     }},
    {"lockstep_inotify_watches", "Directories watched.", MetricType::Gauge,
     [](const Snapshot& s) { return static_cast<double>(s.watches); }},
    {"lockstep_inotify_max_user_watches", "The kernel's limit of watches.", MetricType::Gauge,
     [](const Snapshot& s) { return static_cast<double>(s.max_user_watches); }},
    {"lockstep_inotify_queue_overflows_total", "Times the kernel dropped events.",
     MetricType::Counter, [](const Snapshot& s) { return static_cast<double>(s.queue_overflows); }},
}};

const std::array<Measure<Mapping>, 4> mapping_measures{{
    {"lockstep_mapping_directories", "Directories below the source.", MetricType::Gauge,
     [](const Mapping& m) { return static_cast<double>(m.directories); }},
    {"lockstep_mapping_watches", "Directories below the source that are watched.",
     MetricType::Gauge, [](const Mapping& m) { return static_cast<double>(m.watches); }},
    {"lockstep_mapping_polled_directories", "Directories polled for want of a watch.",
     MetricType::Gauge, [](const Mapping& m) { return static_cast<double>(m.polled_directories); }},
    {"lockstep_mapping_queue_overflows_total", "Times the kernel dropped the mapping's events.",
     MetricType::Counter, [](const Mapping& m) { return static_cast<double>(m.queue_overflows); }},
}};

const std::array<Measure<Destination>, 11> destination_measures{{
    {"lockstep_pending", "Paths and subtrees not known to be equal at the destination.",
     MetricType::Gauge, [](const Destination& d) { return static_cast<double>(d.pending); }},
    {"lockstep_lag_seconds", "Age of the oldest change not yet at the destination.",
     MetricType::Gauge,
     [](const Destination& d) { return static_cast<double>(d.lag.count()) / per_second; }},
    {"lockstep_files_sent_total", "Files, directories and other entries sent.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.files_sent); }},
    {"lockstep_files_deleted_total", "Entries deleted at the destination.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.files_deleted); }},
    {"lockstep_moves_total", "Moves done at the destination without sending content.",
     MetricType::Counter, [](const Destination& d) { return static_cast<double>(d.moves); }},
    {"lockstep_bytes_sent_total", "Bytes written to the destination.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.bytes_sent); }},
    {"lockstep_literal_bytes_total", "Bytes of content sent as they are.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.literal_bytes); }},
    {"lockstep_matched_bytes_total", "Bytes of content the destination had already.",
     MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.matched_bytes); }},
    {"lockstep_sessions_total", "Sessions opened.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.sessions); }},
    {"lockstep_retries_total", "Sessions tried again.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.retries); }},
    {"lockstep_errors_total", "Errors of sessions and paths.", MetricType::Counter,
     [](const Destination& d) { return static_cast<double>(d.errors); }},
}};

constexpr std::array destination_states{DestinationState::connecting, DestinationState::syncing,
                                        DestinationState::in_step, DestinationState::waiting,
                                        DestinationState::stopped};
constexpr std::array mapping_states{MappingState::scanning,       MappingState::live,
                                    MappingState::rescanning,     MappingState::paused,
                                    MappingState::source_missing, MappingState::failed};

// A state is one sample for each value, 1 for the one it has: what alerting rules select by.
template <typename State, std::size_t N>
void add_states(MetricFamily& family, const Labels& labels, const std::array<State, N>& all,
                State current)
{
    for (const State state : all) {
        Labels with_state = labels;
        with_state.push_back(label("state", name_of(state)));
        family.metric.push_back(
            sample(MetricType::Gauge, std::move(with_state), state == current ? 1 : 0));
    }
}

ClientMetric histogram(Labels labels, const Latency& latency)
{
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram.sample_count = latency.count;
    metric.histogram.sample_sum = latency.sum_ms / per_second;
    std::uint64_t below = 0;
    for (const auto& [bound_ms, count] : latency.buckets) {
        below += count;
        metric.histogram.bucket.push_back({below, bound_ms / per_second});
    }
    const double infinity = std::numeric_limits<double>::infinity();
    if (metric.histogram.bucket.empty() || metric.histogram.bucket.back().upper_bound != infinity)
        metric.histogram.bucket.push_back({latency.count, infinity});
    return metric;
}

void for_each_destination(const Snapshot& snapshot,
                          const std::function<void(const Mapping&, const Destination&)>& visit)
{
    for (const Mapping& mapping : snapshot.mappings)
        for (const Destination& destination : mapping.destinations) visit(mapping, destination);
}

void add_agent(std::vector<MetricFamily>& families, const Snapshot& snapshot)
{
    MetricFamily info{"lockstep_info", "The agent's version.", MetricType::Gauge, {}};
    info.metric.push_back(sample(MetricType::Gauge, {label("version", snapshot.version)}, 1));
    families.push_back(std::move(info));
    for (const auto& measure : agent_measures) {
        MetricFamily family{measure.name, measure.help, measure.type, {}};
        family.metric.push_back(sample(measure.type, {}, measure.read(snapshot)));
        families.push_back(std::move(family));
    }
}

MetricFamily events_family(const Snapshot& snapshot)
{
    MetricFamily family{
        "lockstep_events_total", "Events read from the kernel.", MetricType::Counter, {}};
    for (const Mapping& mapping : snapshot.mappings) {
        const std::array<std::pair<const char*, std::uint64_t>, 5> kinds{{
            {"create", mapping.events.create},
            {"modify", mapping.events.modify},
            {"move", mapping.events.move},
            {"delete", mapping.events.remove},
            {"attrib", mapping.events.attrib},
        }};
        for (const auto& [kind, count] : kinds) {
            Labels labels = labels_of(mapping);
            labels.push_back(label("kind", kind));
            family.metric.push_back(
                sample(MetricType::Counter, std::move(labels), static_cast<double>(count)));
        }
    }
    return family;
}

void add_mappings(std::vector<MetricFamily>& families, const Snapshot& snapshot)
{
    MetricFamily states{
        "lockstep_mapping_state", "1 for the state the mapping is in.", MetricType::Gauge, {}};
    for (const Mapping& mapping : snapshot.mappings)
        add_states(states, labels_of(mapping), mapping_states, mapping.state);
    families.push_back(std::move(states));
    families.push_back(events_family(snapshot));
    for (const auto& measure : mapping_measures) {
        MetricFamily family{measure.name, measure.help, measure.type, {}};
        for (const Mapping& mapping : snapshot.mappings)
            family.metric.push_back(
                sample(measure.type, labels_of(mapping), measure.read(mapping)));
        families.push_back(std::move(family));
    }
}

void add_destinations(std::vector<MetricFamily>& families, const Snapshot& snapshot)
{
    MetricFamily states{"lockstep_destination_state",
                        "1 for the state the destination is in.",
                        MetricType::Gauge,
                        {}};
    for_each_destination(snapshot, [&](const Mapping& mapping, const Destination& destination) {
        add_states(states, labels_of(mapping, destination), destination_states, destination.state);
    });
    families.push_back(std::move(states));
    for (const auto& measure : destination_measures) {
        MetricFamily family{measure.name, measure.help, measure.type, {}};
        for_each_destination(snapshot, [&](const Mapping& mapping, const Destination& destination) {
            family.metric.push_back(
                sample(measure.type, labels_of(mapping, destination), measure.read(destination)));
        });
        families.push_back(std::move(family));
    }
    MetricFamily latency{"lockstep_latency_seconds",
                         "From an event to its acknowledgement.",
                         MetricType::Histogram,
                         {}};
    for_each_destination(snapshot, [&](const Mapping& mapping, const Destination& destination) {
        latency.metric.push_back(histogram(labels_of(mapping, destination), destination.latency));
    });
    families.push_back(std::move(latency));
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot)
{
    std::vector<MetricFamily> families;
    add_agent(families, snapshot);
    add_mappings(families, snapshot);
    add_destinations(families, snapshot);
    std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace lockstep::status
