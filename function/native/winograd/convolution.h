// Convolutions of 3×3 with stride 1 by Winograd's minimal filtering F(2×2, 3×3), as Lavin and Gray have it for networks
// (https://arxiv.org/abs/1509.09308): four outputs take 16 multiplications in place of 36. Against a sum in float64 it is as near as a
// sum in float32 is, whose 9 × depth terms are added in some order.
#pragma once

#include <cstdint>
#include <vector>

#include "../session.h"
#include "tiles.h"

namespace celsiusify::winograd {

// The widest first; none where this CPU has none of them.
const std::vector<Kernel>& KernelsOfThisCpu();

struct Images {
  int64_t count, height, width;
};

// What is done with the sums.
struct Range {
  float lowest, highest;
};

// One layer's filters, prepared for a kernel. Thread-safe once made.
class Convolution {
 public:
  // Whether it can be computed, and is worth it: transforming tiles costs more than it saves where there are few channels.
  static bool Suits(const Kernel& kernel, int64_t depth, int64_t channels);

  // filters: float32 [3, 3, depth, channels]
  Convolution(const Kernel& kernel, const float* filters, int64_t depth, int64_t channels);

  int64_t depth() const { return depth_; }
  int64_t channels() const { return channels_; }

  // All float32: from [count, height, width, depth], padded with zeros by one on each side, to [count, height, width, channels].
  // bias: [channels], or null. Parts of it are done by those of `helpers` (may be null) that have time.
  void Run(const float* input, const Images& images, const float* bias, const Range& range, float* output,
           Helpers* helpers) const;

 private:
  const Kernel kernel_;
  const int64_t depth_, channels_;
  // [16, channels / panel, depth, panel]
  std::vector<float> filters_;
};

}  // namespace celsiusify::winograd
