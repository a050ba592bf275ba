#include "shortest-decimal.h"

#include <array>

namespace celsiusify {
namespace {

// 10^power as 64 bits of which the first is set, rounded up: times 2^(FloorLog2OfTen(power) - 63).
constexpr uint64_t SignificandOfTen(int power) {
  unsigned __int128 five = 1;  // 10^n = 5^n · 2^n, and the factor of two is in the exponent
  for (int i = 0; i < (power < 0 ? -power : power); ++i) five *= 5;
  int width = 0;
  while (width < 128 && five >> width != 0) ++width;
  if (power >= 0) {
    if (width <= 64) return static_cast<uint64_t>(five << (64 - width));
    const uint64_t top = static_cast<uint64_t>(five >> (width - 64));
    return (static_cast<unsigned __int128>(top) << (width - 64)) == five ? top : top + 1;
  }
  // 2^(63 + width) / 5^-power by long division.
  uint64_t quotient = 0;
  unsigned __int128 rest = 0;
  for (int bit = 63 + width; bit >= 0; --bit) {
    rest = rest << 1 | (bit == 63 + width ? 1 : 0);
    quotient <<= 1;
    if (rest >= five) {
      rest -= five;
      quotient |= 1;
    }
  }
  return rest == 0 ? quotient : quotient + 1;
}

// For float32 and bfloat16: 2^-149 … 2^120, so 10^-36 … 10^45.
constexpr int kLeastPower = -36, kGreatestPower = 45;
constexpr std::array<uint64_t, kGreatestPower - kLeastPower + 1> SignificandsOfTens() {
  std::array<uint64_t, kGreatestPower - kLeastPower + 1> all{};
  for (int power = kLeastPower; power <= kGreatestPower; ++power) all[power - kLeastPower] = SignificandOfTen(power);
  return all;
}
constexpr auto kSignificandsOfTens = SignificandsOfTens();

// Exact for the exponents here; >> rounds down.
constexpr int FloorLog10OfTwo(int power) { return power * 1262611 >> 22; }
constexpr int FloorLog10OfThreeQuarters(int power) { return (power * 1262611 - 524031) >> 22; }  // of 3/4 · 2^power
constexpr int FloorLog2OfTen(int power) { return power * 1741647 >> 19; }

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
  if (below >= 10) {
    const uint32_t tens_below = below / 10;
    const bool below_fits = lower + open <= 40 * tens_below;
    const bool above_fits = 40 * (tens_below + 1) + open <= upper;
    if (below_fits != above_fits) return {below_fits ? tens_below : tens_below + 1, power + 1};
  }
  const bool below_fits = lower + open <= 4 * below;
  const bool above_fits = 4 * (below + 1) + open <= upper;
  if (below_fits != above_fits) return {below_fits ? below : below + 1, power};
  const uint32_t middle = 4 * below + 2;
  const bool nearer_below = value < middle || (value == middle && (below & 1) == 0);
  return {nearer_below ? below : below + 1, power};
}

}  // namespace celsiusify
