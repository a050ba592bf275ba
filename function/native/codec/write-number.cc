#include "write-number.h"

#include <charconv>
#include <cstring>

#include "powers-of-ten.h"
#include "shortest-decimal.h"

namespace celsiusify {
namespace {

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
constexpr auto kPowersOfTen = PowersOfTen<Unsigned, sizeof(Unsigned) == 4 ? 9 : 19>();

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
  char* const end = WriteDigits(out + 1, digits, count);
  *out = out[1];
  out[1] = '.';
  out = count > 1 ? end : out + 1;
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
  // has no number between them: rounded to float64 and then again, as readers of JSON do, it would be the neighbour.
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
