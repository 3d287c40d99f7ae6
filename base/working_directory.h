// Calls that want a path reach the names of an open directory by its descriptor alone.
#pragma once

namespace lockstep {

// Where this thread, and no other, works: relative names are names in it. Of one thread.
class WorkingDirectory {
public:
    WorkingDirectory() = default;
    ~WorkingDirectory() { leave(); }
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;

    // False where the kernel does not allow a thread a directory of its own, or to enter this one.
    bool enter(int directory);
    // It was entered last, of all that this thread has.
    bool is_here() const noexcept;
    // For "/", so that no file system is kept busy.
    void leave();

private:
    bool away_ = false;
};

}  // namespace lockstep
