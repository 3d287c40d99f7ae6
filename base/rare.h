// A value that few of many objects have.
#pragma once

#include <memory>
#include <utility>

namespace lockstep {

// Takes a pointer where it is what a new T is, and is read, copied and compared as that T.
template <class T>
class Rare {
public:
    Rare() = default;
    Rare(T value)  // NOLINT(google-explicit-constructor): a T is one
    {
        if (value != none()) value_ = std::make_unique<T>(std::move(value));
    }
    Rare(const Rare& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Rare(Rare&&) noexcept = default;
    Rare& operator=(const Rare& other)
    {
        *this = Rare(other);
        return *this;
    }
    Rare& operator=(Rare&&) noexcept = default;
    ~Rare() = default;

    const T& operator*() const noexcept { return value_ ? *value_ : none(); }
    const T* operator->() const noexcept { return &**this; }
    T& edit()
    {
        if (!value_) value_ = std::make_unique<T>();
        return *value_;
    }
    bool operator==(const Rare& other) const { return **this == *other; }

private:
    static const T& none() noexcept
    {
        static const T none{};
        return none;
    }

    std::unique_ptr<T> value_;
};

}  // namespace lockstep
