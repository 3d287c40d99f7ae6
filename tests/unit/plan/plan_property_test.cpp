#include "agent/plan/plan.h"
#include "base/path.h"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>

using namespace lockstep;
using namespace lockstep::plan;
using transport::DirKind;
using transport::Entry;

namespace {

// A tree as paths and what stands there; a file's size stands for its content.
using Tree = std::map<std::string, Entry>;

constexpr std::uint32_t directory_mode = 0040755;
constexpr std::uint32_t file_mode = 0100644;
constexpr std::uint32_t link_mode = 0120777;

Entry make(const std::string& path, std::uint32_t mode, std::uint64_t size)
{
    Entry entry;
    entry.path = path;
    entry.mode = mode;
    entry.size = entry.is_directory() ? 0 : size;
    entry.mtime = static_cast<std::int64_t>(size);
    if (entry.is_symlink()) entry.target = "t" + std::to_string(size);
    if (entry.is_regular() && size % 3 == 0) entry.way = transport::Way::in_place;
    return entry;
}

bool has_directory(const Tree& tree, const std::string& path)
{
    const auto found = tree.find(path);
    return found != tree.end() && found->second.is_directory();
}

void remove_below(Tree& tree, const std::string& path)
{
    std::erase_if(tree, [&](const auto& item) {
        return item.first != path && is_at_or_below(item.first, path);
    });
}

void remove_all(Tree& tree, const std::string& path)
{
    remove_below(tree, path);
    tree.erase(path);
}

// What a receiver does with a list (PROTOCOL.md 11.5, 19): also its complaints.
void apply(Tree& there, const Step& step)
{
    std::set<std::string> names;
    for (const Entry& entry : step.list.entries) {
        const std::string path = entry.path == "." ? "" : entry.path;
        INFO("'" << path << "' stands twice in the list");
        REQUIRE(names.insert(path).second);
    }
    for (const Entry& entry : step.list.entries) {
        const std::string path = entry.path == "." ? "" : entry.path;
        if (entry.is_regular() && step.way != transport::Way::usual) REQUIRE(entry.way == step.way);
        if (!path.empty()) {
            INFO("the parent of '" << path << "' is not in the list");
            REQUIRE(names.contains(std::string(parent_of(path))));
        }
        if (entry.is_delete()) {
            REQUIRE(step.delete_missing);
            remove_all(there, path);
            continue;
        }
        if (!entry.is_directory()) remove_below(there, path);
        Entry stored = entry;
        stored.path = path;
        stored.dir_kind = DirKind::plain;
        there[path] = stored;
    }
    if (!step.delete_extras) return;
    for (const Entry& entry : step.list.entries) {
        if (!entry.is_directory() || entry.dir_kind != DirKind::content) continue;
        const std::string directory = entry.path == "." ? "" : entry.path;
        std::vector<std::string> extra;
        for (const auto& [path, known] : there)
            if (!path.empty() && parent_of(path) == directory && !names.contains(path))
                extra.push_back(path);
        for (const std::string& path : extra) remove_all(there, path);
    }
}

class World {
public:
    explicit World(std::mt19937& random) : random_(random)
    {
        source_[""] = make("", directory_mode, 0);
        for (int i = 0; i < 30; ++i) change();
        destination_ = source_;
    }

    // Changes the source and makes dirty what an event would have named.
    void change()
    {
        const std::string path = pick();
        switch (below(5)) {
            case 0:
                touch(path, Look::content);
                remove_all(source_, path);
                break;
            case 1:
                put(path, make(path, directory_mode, below(1000)));
                break;
            case 2:
                put(path, make(path, link_mode, below(1000)));
                break;
            default:
                put(path, make(path, file_mode, below(200'000)));
                break;
        }
    }

    void move()
    {
        const std::string from = pick();
        const std::string to = pick();
        if (!source_.contains(from) || is_at_or_below(to, from) || is_at_or_below(from, to)) return;
        if (!has_directory(source_, std::string(parent_of(to)))) return;
        touch(from, Look::content);
        touch(to, Look::subtree);
        Tree moved;
        for (const auto& [path, entry] : source_)
            if (is_at_or_below(path, from)) moved[to + path.substr(from.size())] = entry;
        remove_all(source_, from);
        remove_all(source_, to);
        for (auto& [path, entry] : moved) {
            entry.path = path;
            source_[path] = entry;
        }
    }

    Batch batch() const
    {
        Batch batch;
        for (const auto& [path, look] : dirty_) batch.paths.push_back({path, look, 1, {}, 0});
        return batch;
    }

    Observed observed(const Batch& batch) const
    {
        Observed observed;
        const auto see = [&](const std::string& path) {
            const auto found = source_.find(path);
            observed.at[path] =
                found == source_.end() ? std::nullopt : std::optional(found->second);
        };
        see("");
        for (const DirtyPath& dirty : batch.paths) {
            for (std::size_t slash = dirty.path.find('/'); slash != std::string::npos;
                 slash = dirty.path.find('/', slash + 1))
                see(dirty.path.substr(0, slash));
            see(dirty.path);
            if (dirty.look != Look::subtree || !has_directory(source_, dirty.path)) continue;
            ObservedSubtree subtree;
            subtree.path = dirty.path;
            for (const auto& [path, entry] : source_) {
                if (!is_at_or_below(path, dirty.path)) continue;
                subtree.entries.push_back(entry);
                if (entry.is_directory()) subtree.entries.back().dir_kind = DirKind::content;
            }
            observed.subtrees.push_back(std::move(subtree));
        }
        return observed;
    }

    Tree& source() { return source_; }
    Tree& destination() { return destination_; }

private:
    std::uint32_t below(std::uint32_t limit)
    {
        return static_cast<std::uint32_t>(random_() % limit);
    }

    // A name among few, so that things get in each other's way.
    std::string pick()
    {
        std::string path(1, static_cast<char>('a' + below(4)));
        for (std::uint32_t depth = below(4); depth > 0; --depth)
            path += std::string("/") + static_cast<char>('a' + below(4));
        return path;
    }

    void put(const std::string& path, Entry entry)
    {
        if (!has_directory(source_, std::string(parent_of(path)))) return;
        const auto known = source_.find(path);
        const bool same_kind =
            known != source_.end() && known->second.is_directory() && entry.is_directory();
        if (!same_kind) remove_all(source_, path);
        source_[path] = std::move(entry);
        touch(path, Look::content);
    }

    void touch(const std::string& path, Look look)
    {
        const auto [known, fresh] = dirty_.emplace(path, look);
        if (!fresh) known->second = std::max(known->second, look);
    }

    std::mt19937& random_;
    Tree source_;
    Tree destination_;
    std::map<std::string, Look> dirty_;
};

}  // namespace

TEST_CASE("a plan applied to the destination gives the source", "[plan][property]")
{
    std::mt19937 random(Catch::rngSeed());
    for (int round = 0; round < 2000; ++round) {
        World world(random);
        // Dirty already: what built the tree; then some more that the destination has not.
        for (auto i = random() % 12; i > 0; --i) {
            if (random() % 4 == 0)
                world.move();
            else
                world.change();
        }
        const Batch batch = world.batch();
        const Plan plan = make_plan(batch, world.observed(batch), PlanOptions{});
        for (const Step& step : plan.steps) apply(world.destination(), step);
        INFO("round " << round);
        REQUIRE(world.destination().size() == world.source().size());
        for (const auto& [path, entry] : world.source()) {
            INFO("at '" << path << "'");
            REQUIRE(world.destination().contains(path));
            const Entry& there = world.destination().at(path);
            REQUIRE(there.mode == entry.mode);
            REQUIRE(there.size == entry.size);
            REQUIRE(there.target == entry.target);
        }
    }
}

namespace {

Entry on_way(const std::string& path, transport::Way way)
{
    Entry entry = make(path, file_mode, 300'000);
    entry.way = way;
    if (way == transport::Way::append) entry.append_from = 200'000;
    return entry;
}

std::vector<std::string> files_of(const Step& step)
{
    std::vector<std::string> paths;
    for (const Entry& entry : step.list.entries)
        if (entry.is_regular()) paths.push_back(entry.path);
    return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("files that go a way of their own have steps of their own", "[plan][ways]")
{
    Observed observed;
    observed.at[""] = make("", directory_mode, 0);
    observed.at["log"] = on_way("log", transport::Way::append);
    observed.at["image"] = on_way("image", transport::Way::in_place);
    observed.at["chmodded"] = on_way("chmodded", transport::Way::in_place);
    observed.at["other"] = on_way("other", transport::Way::usual);
    Batch batch;
    for (const char* path : {"log", "image", "other"})
        batch.paths.push_back({path, Look::written, 1, {}, 0});
    batch.paths.push_back({"chmodded", Look::attributes, 1, {}, 0});

    const Plan plan = make_plan(batch, std::move(observed), PlanOptions{});

    REQUIRE(plan.steps.size() == 4);
    CHECK(plan.steps[0].way == transport::Way::usual);
    CHECK(files_of(plan.steps[0]) == Paths{"other"});
    CHECK(plan.steps[1].way == transport::Way::append);
    CHECK(plan.steps[1].ignore_times);
    CHECK(files_of(plan.steps[1]) == Paths{"log"});
    CHECK(plan.steps[2].way == transport::Way::in_place);
    CHECK(plan.steps[2].ignore_times);
    CHECK(files_of(plan.steps[2]) == Paths{"image"});
    CHECK(plan.steps[3].way == transport::Way::in_place);
    CHECK_FALSE(plan.steps[3].ignore_times);
    CHECK(files_of(plan.steps[3]) == Paths{"chmodded"});
}

TEST_CASE("what a compare finds is updated in place before it", "[plan][ways]")
{
    Observed observed;
    observed.at[""] = make("", directory_mode, 0);
    ObservedSubtree subtree;
    subtree.entries.push_back(make("", directory_mode, 0));
    subtree.entries[0].dir_kind = DirKind::content;
    subtree.entries.push_back(on_way("image", transport::Way::in_place));
    subtree.entries.push_back(on_way("other", transport::Way::usual));
    observed.subtrees.push_back(std::move(subtree));
    Batch batch;
    batch.paths.push_back({"", Look::subtree, 1, {}, 0});

    const Plan plan = make_plan(batch, std::move(observed), PlanOptions{});

    REQUIRE(plan.steps.size() == 2);
    CHECK(files_of(plan.steps[0]) == Paths{"image"});
    CHECK_FALSE(plan.steps[0].ignore_times);
    CHECK_FALSE(plan.steps[0].delete_extras);
    // Listed here too: what is not, is removed.
    CHECK(plan.steps[1].delete_extras);
    CHECK(files_of(plan.steps[1]) == Paths{"image", "other"});
}

TEST_CASE("a file of several names goes the usual way", "[plan][ways]")
{
    Observed observed;
    observed.at[""] = make("", directory_mode, 0);
    observed.at["log"] = on_way("log", transport::Way::in_place);
    observed.at["log"]->link_count = 2;
    Batch batch;
    batch.paths.push_back({"log", Look::written, 1, {}, 0});

    const Plan plan = make_plan(batch, std::move(observed), PlanOptions{});

    REQUIRE(plan.steps.size() == 1);
    CHECK(plan.steps[0].way == transport::Way::usual);
}

TEST_CASE("too many deletions are withheld and everything else is sent", "[plan]")
{
    Observed observed;
    observed.at[""] = make("", directory_mode, 0);
    observed.at["a"] = std::nullopt;
    observed.at["b"] = std::nullopt;
    observed.at["c"] = make("c", file_mode, 3);
    Batch batch;
    for (const char* path : {"a", "b", "c"}) batch.paths.push_back({path, Look::content, 1, {}, 0});
    PlanOptions options;
    options.deletes_max = 1;

    const Plan plan = make_plan(batch, observed, options);

    CHECK(plan.withheld == std::vector<std::string>{"a", "b"});
    REQUIRE(plan.steps.size() == 1);
    CHECK_FALSE(plan.steps[0].delete_missing);
    CHECK(plan.steps[0].list.entries.size() == 2);  // "." and "c"
}

TEST_CASE("a compare of a source without entries removes nothing unless that is meant", "[plan]")
{
    Observed observed;
    observed.at[""] = make("", directory_mode, 0);
    ObservedSubtree root{"", {make("", directory_mode, 0)}};
    root.entries[0].dir_kind = DirKind::content;
    observed.subtrees.push_back(root);
    Batch batch;
    batch.paths.push_back({"", Look::subtree, 1, {}, 0});

    PlanOptions options;
    CHECK(make_plan(batch, observed, options).steps.at(0).list.entries.at(0).dir_kind ==
          DirKind::plain);
    options.accept_empty = true;
    CHECK(make_plan(batch, observed, options).steps.at(0).list.entries.at(0).dir_kind ==
          DirKind::content);
}

TEST_CASE("attributes alone are sent without reading the content of large files", "[plan]")
{
    Observed observed;
    observed.at[""] = make("", directory_mode, 0);
    observed.at["big"] = make("big", file_mode, 1 << 30);
    Batch batch;
    batch.paths.push_back({"big", Look::attributes, 1, {}, 0});

    const Plan plan = make_plan(batch, observed, PlanOptions{});

    REQUIRE(plan.steps.size() == 1);
    CHECK_FALSE(plan.steps[0].ignore_times);
}
