#include "write-number.h"

#include <array>
#include <charconv>
#include <cstring>

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

// digits · 10^exponent
struct Decimal {
  uint32_t digits;
  int exponent;
};

// The upper part of a product, whose lowest bit also says whether anything was cut off ("round to odd").
inline uint32_t UpperToOdd(uint64_t significand, uint32_t factor) {
  const unsigned __int128 product = static_cast<unsigned __int128>(significand) * factor;
  return static_cast<uint32_t>(product >> 64) | (static_cast<uint32_t>(static_cast<uint64_t>(product) >> 32) > 1);
}

// The shortest decimal between the middles to the neighbours of mantissa · 2^exponent, and of those the nearest; it may
// have zeros at its end. `lone_below`: the neighbour below is only half as far. The method is Schubfach (R. Giulietti,
// "The Schubfach way to render doubles", 2020): of the multiples of a power of ten that is just below the distance of
// neighbours, two at most can be the answer, or one of the next power. It holds for mantissas of up to 24 bits.
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

// The eight digits of a number below 10^8 as characters, the first in the lowest byte: fours, pairs and then single
// digits are divided off side by side in one word, the inverse of ValueOfDigits.
inline uint64_t EightDigits(uint32_t number) {
  uint64_t parts = number / 10000 | static_cast<uint64_t>(number % 10000) << 32;
  const uint64_t hundreds = (parts * 10486 >> 20) & 0x0000007F0000007F;  // 10486/2^20 is 1/100, exact below 10^4
  parts = hundreds | (parts - hundreds * 100) << 16;
  const uint64_t tens = (parts * 103 >> 10) & 0x000F000F000F000F;  // 103/2^10 is 1/10, exact below 100
  return (tens | (parts - tens * 10) << 8) + 0x3030303030303030;
}

template <class Unsigned>
constexpr std::array<Unsigned, sizeof(Unsigned) == 4 ? 10 : 20> PowersOfTen() {
  std::array<Unsigned, sizeof(Unsigned) == 4 ? 10 : 20> powers{};
  Unsigned power = 1;
  for (auto& each : powers) {
    each = power;
    power *= 10;
  }
  return powers;
}
template <class Unsigned>
constexpr auto kPowersOfTen = PowersOfTen<Unsigned>();

// Of a number that is not zero.
template <class Unsigned>
int CountDigits(Unsigned number) {
  const int bits = 64 - __builtin_clzll(number);
  const int least = bits * 1233 >> 12;  // 1233/4096 is log10(2): exact or one too few
  return least + (number >= kPowersOfTen<Unsigned>[least] ? 1 : 0);
}

// The last `count` digits, one at least, with zeros before them where there are fewer. Up to seven bytes more are
// written to.
template <class Unsigned>
inline char* WriteDigits(char* out, Unsigned number, int count) {
  constexpr Unsigned kEight = 100000000;
  if (count > 8) {
    out = WriteDigits(out, number / kEight, count - 8);
    number %= kEight;
    count = 8;
  }
  const uint64_t digits = EightDigits(static_cast<uint32_t>(number)) >> (8 - count) * 8;
  std::memcpy(out, &digits, sizeof digits);
  return out + count;
}

char* WriteZeros(char* out, int count) {
  for (int i = 0; i < count; ++i) *out++ = '0';
  return out;
}

// digits · 10^exponent, not zero.
template <class Unsigned>
char* LayOut(char* out, Unsigned digits, int exponent) {
  for (; digits % 10 == 0; digits /= 10) ++exponent;
  const int count = CountDigits(digits);
  const int point = count + exponent;  // digits before the decimal point
  if (point > -6 && point <= 0) {
    std::memcpy(out, "0.00000", 8);
    return WriteDigits(out + 2 - point, digits, count);
  }
  if (point > 0 && point <= 21) {
    if (exponent >= 0) return WriteZeros(WriteDigits(out, digits, count), exponent);
    out = WriteDigits(out, digits / kPowersOfTen<Unsigned>[-exponent], point);
    *out++ = '.';
    return WriteDigits(out, digits % kPowersOfTen<Unsigned>[-exponent], -exponent);
  }
  out = WriteDigits(out, digits / kPowersOfTen<Unsigned>[count - 1], 1);
  if (count > 1) {
    *out++ = '.';
    out = WriteDigits(out, digits % kPowersOfTen<Unsigned>[count - 1], count - 1);
  }
  const unsigned power = static_cast<unsigned>(point > 0 ? point - 1 : 1 - point);
  *out++ = 'e';
  *out++ = point > 0 ? '+' : '-';
  return WriteDigits(out, power, CountDigits(power));
}

// mantissa · 2^exponent, not zero.
char* WriteBinary(char* out, uint32_t mantissa, int exponent, bool lone_below) {
  if (exponent <= 0 && exponent > -24 && (mantissa & ((1u << -exponent) - 1)) == 0) {
    const uint32_t whole = mantissa >> -exponent;  // below 2^24
    return WriteDigits(out, whole, CountDigits(whole));
  }
  const Decimal decimal = ShortestDecimal(mantissa, exponent, lone_below);
  return LayOut(out, decimal.digits, decimal.exponent);
}

// IEEE 754 with `width` bits of mantissa below the point, the least exponent being that of subnormal numbers' last bit.
template <int kWidth, int kLeast>
char* WriteMagnitude(char* out, uint32_t bits) {
  const uint32_t field = bits >> kWidth;
  const uint32_t fraction = bits & ((1u << kWidth) - 1);
  if (bits == 0) {
    *out = '0';
    return out + 1;
  }
  if (field == 0) return WriteBinary(out, fraction, kLeast, false);
  return WriteBinary(out, fraction | 1u << kWidth, kLeast - 1 + static_cast<int>(field), fraction == 0 && field > 1);
}

}  // namespace

char* WriteNumber(char* out, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  *out = '-';
  out += bits >> 31;
  bits &= 0x7FFFFFFF;
  // Of all float32 the one whose shortest decimal, 7.038531e-26, is so near the middle to its neighbour that float64
  // has no number between them: read as float64 and then rounded, as JSON.parse and Math.fround do, it is the neighbour.
  if (bits == 0x15AE43FD) {
    constexpr char kText[] = "7.0385307e-26";
    std::memcpy(out, kText, sizeof kText - 1);
    return out + sizeof kText - 1;
  }
  return WriteMagnitude<23, -149>(out, bits);
}

char* WriteNumber(char* out, Half value) {
  *out = '-';
  return WriteMagnitude<10, -24>(out + (value.bits >> 15), value.bits & 0x7FFF);
}

char* WriteNumber(char* out, Bfloat16 value) {
  *out = '-';
  return WriteMagnitude<7, -133>(out + (value.bits >> 15), value.bits & 0x7FFF);
}

char* WriteNumber(char* out, double value) {
  if (std::signbit(value)) {
    *out++ = '-';
    value = -value;
  }
  if (value == 0) {
    *out = '0';
    return out + 1;
  }
  char text[32];
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  uint64_t digits = 0;
  const char* at = text;
  int fraction = -1;  // digits after the point
  for (; *at != 'e'; ++at) {
    if (*at == '.') continue;
    digits = digits * 10 + (*at - '0');
    ++fraction;
  }
  at += at[1] == '+' ? 2 : 1;  // from_chars takes no plus sign
  int exponent = 0;
  std::from_chars(at, end, exponent);
  return LayOut(out, digits, exponent - fraction);
}

double Widened(Half value) {
  const int field = value.bits >> 10 & 0x1F;
  const int fraction = value.bits & 0x3FF;
  const double sign = value.bits >> 15 != 0 ? -1 : 1;
  if (field == 0x1F) return fraction == 0 ? sign * HUGE_VAL : NAN;
  return sign * std::ldexp(field == 0 ? fraction : fraction | 0x400, (field == 0 ? 1 : field) - 25);
}

double Widened(Bfloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float wide;
  std::memcpy(&wide, &bits, sizeof wide);
  return wide;
}

}  // namespace celsiusify
