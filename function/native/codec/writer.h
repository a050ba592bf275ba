#pragma once

#include <cstddef>
#include <string>

#include "write-number.h"

namespace celsiusify {

// Appends to a string by way of a buffer, so that numbers are written where they need no bounds check.
class Writer {
 public:
  explicit Writer(std::string* text) : text_(text) {}
  ~Writer() { Flush(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Room for a number and a comma.
  char* Room() {
    if (sizeof buffer_ - size_ < kMaxNumberSize + 1) Flush();
    return buffer_ + size_;
  }
  void Keep(const char* end) { size_ = end - buffer_; }

  void Put(char c) {
    if (size_ == sizeof buffer_) Flush();
    buffer_[size_++] = c;
  }

  // The string itself, to append what is long.
  std::string* text() {
    Flush();
    return text_;
  }

 private:
  void Flush() {
    text_->append(buffer_, size_);
    size_ = 0;
  }

  std::string* text_;
  size_t size_ = 0;
  char buffer_[2048];
};

}  // namespace celsiusify
