// JSON numbers to float64, as JSON.parse reads them, and to integers of up to 64 bits with all their digits.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "dtype.h"

namespace celsiusify {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eight digits at a time, the first in the lowest byte");

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// How many of eight characters are digits before the first that is none.
inline int DigitsIn(uint64_t eight) {
  const uint64_t others = ((eight + 0x4646464646464646) | (eight - 0x3030303030303030)) & 0x8080808080808080;
  return others == 0 ? 8 : __builtin_ctzll(others) / 8;
}

// The value of eight digits; zero bytes count as digits 0. Pairs, fours and then all are added up side by side in one
// word (Johnny Lee's method; D. Lemire, "Quickly parsing eight digits", 2018).
inline uint32_t ValueOfDigits(uint64_t eight) {
  eight = (eight & 0x0F0F0F0F0F0F0F0F) * (10 * 256 + 1) >> 8;
  eight = (eight & 0x00FF00FF00FF00FF) * (100 * 65536 + 1) >> 16;
  return static_cast<uint32_t>((eight & 0x0000FFFF0000FFFF) * (10000 * (uint64_t{1} << 32) + 1) >> 32);
}

// A number that the short way cannot read exactly. `text` is one JSON number. Too large ones are infinite.
double ReadLongNumber(const char* text, const char* text_end);

// Reads a number; its end, or null where there is none. Rounded to nearest; beyond float64 it is infinite, or zero.
//
// Up to 2^53 with a power of ten up to 22, one multiplication or division of two exact numbers rounds correctly
// (W. D. Clinger, "How to read floating point numbers accurately", 1990). ReadLongNumber has the rest.
inline const char* ReadNumber(const char* at, const char* end, double* value) {
  static constexpr double kTens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  static constexpr uint32_t kWholeTens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
  const char* const text = at;
  const bool minus = at != end && *at == '-';
  if (minus) ++at;
  const char* const whole = at;
  if (at == end || !IsDigit(*at)) return nullptr;
  uint64_t digits = 0;  // modulo 2^64: `count` says whether it holds
  if (*at == '0') {
    ++at;
  } else {
    do digits = digits * 10 + (*at++ - '0');
    while (at != end && IsDigit(*at));
  }
  ptrdiff_t count = at - whole;
  ptrdiff_t power = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    for (;;) {
      if (end - at < 8) {
        while (at != end && IsDigit(*at)) digits = digits * 10 + (*at++ - '0');
        break;
      }
      uint64_t eight;
      std::memcpy(&eight, at, 8);
      const int more = DigitsIn(eight);
      at += more;
      if (more == 8) {
        digits = digits * 100000000 + ValueOfDigits(eight);
        continue;
      }
      // The digits go to the upper bytes, zeros before them.
      if (more > 0) digits = digits * kWholeTens[more] + ValueOfDigits(eight << (8 - more) * 8);
      break;
    }
    if (at == fraction) return nullptr;
    power = fraction - at;
    count -= power;
  }
  if (at != end && (*at | 0x20) == 'e') {
    ++at;
    const bool negative = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) ++at;
    if (at == end || !IsDigit(*at)) return nullptr;
    int exponent = 0;
    do exponent = exponent < 100000 ? exponent * 10 + (*at - '0') : exponent;
    while (++at != end && IsDigit(*at));
    power += negative ? -exponent : exponent;
  }
  if (count <= 19 && digits <= uint64_t{1} << 53 && power >= -22 && power <= 22) {
    const double exact = static_cast<double>(digits);
    const double magnitude = power < 0 ? exact / kTens[-power] : exact * kTens[power];
    *value = minus ? -magnitude : magnitude;
  } else {
    *value = ReadLongNumber(text, at);
  }
  return at;
}

// Reads a number that is whole and within T; its end, else null. Up to 32 bits 1.0 and 1e3 are whole, too, as float64
// sees them; with 64 bits so are those up to 2^53 - 1, where float64 is exact.
template <class T>
inline const char* ReadInteger(const char* at, const char* end, T* value) {
  using Limits = std::numeric_limits<T>;
  const char* p = at;
  const bool minus = p != end && *p == '-';
  if (minus) ++p;
  const char* const first = p;
  uint64_t magnitude = 0;
  while (p != end && IsDigit(*p)) magnitude = magnitude * 10 + (*p++ - '0');
  const ptrdiff_t count = p - first;
  const bool leading_zero = count > 1 && *first == '0';
  const bool literal = count > 0 && !leading_zero && (p == end || (*p != '.' && (*p | 0x20) != 'e'));
  if (literal && count <= 20) {
    // Of 20 digits 2^64 and above wrap around: they then are less than 10^19 (or begin with another digit than 1).
    if (count == 20 && (*first != '1' || magnitude < 10000000000000000000u)) return nullptr;
    const uint64_t limit = minus ? uint64_t{0} - static_cast<uint64_t>(Limits::min()) : Limits::max();
    if (magnitude > limit) return nullptr;
    *value = static_cast<T>(minus ? uint64_t{0} - magnitude : magnitude);
    return p;
  }
  if (leading_zero) return nullptr;
  double number;
  p = ReadNumber(at, end, &number);
  constexpr double kExact = 9007199254740991;  // 2^53 - 1
  constexpr double kMin = sizeof(T) < 8 ? static_cast<double>(Limits::min()) : Limits::is_signed ? -kExact : 0;
  constexpr double kMax = sizeof(T) < 8 ? static_cast<double>(Limits::max()) : kExact;
  if (p == nullptr || (literal && sizeof(T) == 8) || !(number >= kMin && number <= kMax)) return nullptr;
  *value = static_cast<T>(number);
  return static_cast<double>(*value) == number ? p : nullptr;
}

// Rounds to nearest, ties to even, once; false where the result is infinite. Two bytes of float16 or bfloat16.
bool ToHalf(double value, uint16_t* bits);
bool ToBfloat16(double value, uint16_t* bits);

}  // namespace celsiusify
