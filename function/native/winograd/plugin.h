// A plug-in of TensorFlow's: an operation that computes convolutions of 3×3 by fewer multiplications, and an optimiser that puts
// it where a frozen graph has such convolutions. By TensorFlow's C API for plug-ins alone (tensorflow/c/kernels.h, ops.h,
// experimental/grappler/grappler.h).
#pragma once

#include "../session.h"
#include "tensorflow/c/c_api.h"

namespace celsiusify::winograd {

// The operation's type. Inputs: images [count, height, width, depth], filters [3, 3, depth, channels], which are the same in each
// run, and 0 or 1 biases [channels], as its attribute `biases` says; all float32. Attribute `activation`: "", "Relu" or "Relu6".
constexpr char kOperation[] = "CelsiusifyWinograd";

// Once for a process. Sessions whose options have use_plugin_optimizers on get the optimiser, where this CPU has a kernel.
void RegisterPlugin();

// Counts the convolutions that the optimiser changes in this thread, for as long as it lives.
class Count {
 public:
  Count() : before_(current_) { current_ = this; }
  ~Count() { current_ = before_; }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;

  int count() const { return count_; }

  static void Add(int convolutions) {
    if (current_ != nullptr) current_->count_ += convolutions;
  }

 private:
  static thread_local Count* current_;
  Count* const before_;
  int count_ = 0;
};

// Whose threads help an operation that runs in this thread; null where none do.
class HelpersOfThread {
 public:
  explicit HelpersOfThread(Helpers* helpers) : before_(current_) { current_ = helpers; }
  ~HelpersOfThread() { current_ = before_; }
  HelpersOfThread(const HelpersOfThread&) = delete;
  HelpersOfThread& operator=(const HelpersOfThread&) = delete;

  static Helpers* Current() { return current_; }

 private:
  static thread_local Helpers* current_;
  Helpers* const before_;
};

}  // namespace celsiusify::winograd
