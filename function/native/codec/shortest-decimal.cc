#include "shortest-decimal.h"

#include "powers-of-ten.h"

namespace celsiusify {
namespace {

// Exact for the exponents here; >> rounds down.
constexpr int FloorLog10OfTwo(int power) { return power * 1262611 >> 22; }
constexpr int FloorLog10OfThreeQuarters(int power) { return (power * 1262611 - 524031) >> 22; }  // of 3/4 · 2^power

// The upper part of a product, whose lowest bit also says whether anything was cut off ("round to odd").
inline uint32_t UpperToOdd(uint64_t significand, uint32_t factor) {
  const unsigned __int128 product = static_cast<unsigned __int128>(significand) * factor;
  return static_cast<uint32_t>(product >> 64) | (static_cast<uint32_t>(static_cast<uint64_t>(product) >> 32) > 1);
}

}  // namespace

// The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020): of the multiples of a power of
// ten that is just below the distance of neighbours two at most can be the answer, or one of the next power.
Decimal ShortestDecimal(uint32_t mantissa, int exponent, bool lone_below) {
  const int power = lone_below ? FloorLog10OfThreeQuarters(exponent) : FloorLog10OfTwo(exponent);
  const uint64_t ten = kSignificandsOfTens[-power - kLeastPower];
  const int shift = exponent + FloorLog2OfTen(-power) + 1;
  // All in quarters of 10^power.
  const uint32_t value = UpperToOdd(ten, mantissa << 2 << shift);
  const uint32_t lower = UpperToOdd(ten, ((mantissa << 2) - (lone_below ? 1 : 2)) << shift);
  const uint32_t upper = UpperToOdd(ten, ((mantissa << 2) + 2) << shift);
  const uint32_t open = mantissa & 1;  // ties go to even mantissas: an odd one's middles are its neighbours'
  const uint32_t below = value / 4;
  // Which of them it is hangs on digits that look random: chosen without branches.
  const uint32_t tens_below = below / 10;
  const bool ten_below_fits = lower + open <= 40 * tens_below;
  const bool ten_above_fits = 40 * (tens_below + 1) + open <= upper;
  const bool below_fits = lower + open <= 4 * below;
  const bool above_fits = 4 * (below + 1) + open <= upper;
  const uint32_t middle = 4 * below + 2;
  const bool nearer_above = (value > middle) | ((value == middle) & (below & 1));
  const bool one_fits = below_fits != above_fits;
  const bool above = (one_fits & above_fits) | (!one_fits & nearer_above);
  const bool tens = (ten_below_fits != ten_above_fits) & (below >= 10);
  const uint32_t mask = -static_cast<uint32_t>(tens);
  return {((tens_below + ten_above_fits) & mask) | ((below + above) & ~mask), power + tens};
}

}  // namespace celsiusify
