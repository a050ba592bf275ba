// Things by small numbers, which are used again.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace celsiusify {

template <typename T>
class Slots {
 public:
  uint32_t Put(T value) {
    if (free_.empty()) {
      slots_.push_back(std::move(value));
      return static_cast<uint32_t>(slots_.size() - 1);
    }
    const uint32_t id = free_.back();
    free_.pop_back();
    slots_[id] = std::move(value);
    return id;
  }
  T& operator[](uint32_t id) { return slots_[id]; }
  T Take(uint32_t id) {
    free_.push_back(id);
    return std::exchange(slots_[id], T());
  }
  size_t size() const { return slots_.size() - free_.size(); }

 private:
  std::vector<T> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace celsiusify
