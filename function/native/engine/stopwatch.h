// What something takes.
#pragma once

#include <chrono>

namespace celsiusify {

// Adds to a number, in ns, what passes until its own end.
class Stopwatch {
 public:
  explicit Stopwatch(double* nanoseconds) : nanoseconds_(nanoseconds) {}
  ~Stopwatch() {
    *nanoseconds_ += std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double* const nanoseconds_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace celsiusify
