// The fewest decimal digits that say a binary float.
#pragma once

#include <cstdint>

namespace celsiusify {

// digits · 10^exponent
struct Decimal {
  uint32_t digits;
  int exponent;
};

// The shortest decimal between the middles to the neighbours of mantissa · 2^exponent, and of those the nearest; it may
// have zeros at its end. `lone_below`: the neighbour below is only half as far. For mantissas of up to 24 bits and
// exponents of -149 to 120: float32, float16, bfloat16.
Decimal ShortestDecimal(uint32_t mantissa, int exponent, bool lone_below);

}  // namespace celsiusify
