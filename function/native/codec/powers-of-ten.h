// Powers of ten as 64 bits and a power of two, between decimal digits and binary floats.
#pragma once

#include <array>
#include <cstdint>

namespace celsiusify {

// 10^0 … 10^kMost.
template <class Unsigned, int kMost>
constexpr std::array<Unsigned, kMost + 1> PowersOfTen() {
  std::array<Unsigned, kMost + 1> powers{};
  Unsigned power = 1;
  for (Unsigned& each : powers) {
    each = power;
    power *= 10;
  }
  return powers;
}

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

// 5^54 is the last that long division by it has room for.
constexpr int kLeastPower = -54, kGreatestPower = 54;
constexpr std::array<uint64_t, kGreatestPower - kLeastPower + 1> SignificandsOfTens() {
  std::array<uint64_t, kGreatestPower - kLeastPower + 1> all{};
  for (int power = kLeastPower; power <= kGreatestPower; ++power) all[power - kLeastPower] = SignificandOfTen(power);
  return all;
}
inline constexpr auto kSignificandsOfTens = SignificandsOfTens();

// Exact for the exponents here; >> rounds down.
constexpr int FloorLog2OfTen(int power) { return power * 1741647 >> 19; }

}  // namespace celsiusify
