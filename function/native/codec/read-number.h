// JSON numbers to float64, as JSON.parse reads them, and to integers of up to 64 bits with all their digits.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "digits.h"
#include "dtype.h"
#include "powers-of-ten.h"

namespace celsiusify {

// A number as it is written: its digits as one whole number, and how many of them stand after the point.
struct Digits {
  uint64_t all;
  ptrdiff_t fraction;  // less than none: zeros that are to follow
  bool minus;
};

// The nearest float64, ties to even; false where this way cannot tell which.
//
// Up to 2^53 with a power of ten up to 22, one multiplication or division of two exact numbers rounds correctly
// (W. D. Clinger, "How to read floating point numbers accurately", 1990). Else one product of 64 bits by 64 tells all
// but one in a thousand (D. Lemire, "Number parsing at a gigabyte per second", 2021).
inline bool ToNumber(const Digits& digits, double* value) {
  static constexpr double kTens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const ptrdiff_t power = -digits.fraction;
  if (digits.all <= uint64_t{1} << 53 && power >= -22 && power <= 22) {
    const double exact = static_cast<double>(static_cast<int64_t>(digits.all));
    const double magnitude = power <= 0 ? exact / kTens[-power] : exact * kTens[power];
    *value = digits.minus ? -magnitude : magnitude;
    return true;
  }
  if (digits.all == 0 || power < kLeastPower || power > kGreatestPower) return false;
  const int zeros = __builtin_clzll(digits.all);
  const unsigned __int128 product =
      static_cast<unsigned __int128>(digits.all << zeros) * kSignificandsOfTens[power - kLeastPower];
  // Its upper half is less than one too large, as the power may be rounded up: only where what is cut off seems to be
  // one half of the last bit that stays can that be wrong.
  const uint64_t upper = static_cast<uint64_t>(product >> 64);
  const int cut = 10 + static_cast<int>(upper >> 63);
  const uint64_t half = uint64_t{1} << (cut - 1);
  const uint64_t rest = upper & (2 * half - 1);
  if (rest == half) return false;
  const uint64_t mantissa = (upper >> cut) + (rest > half ? 1 : 0);
  // Its highest bit, and a carry, are added to the exponent's.
  const int exponent = cut + 1 - zeros + FloorLog2OfTen(static_cast<int>(power)) + 1074;
  const uint64_t bits = (static_cast<uint64_t>(digits.minus) << 63) + (static_cast<uint64_t>(exponent) << 52) + mantissa;
  std::memcpy(value, &bits, sizeof bits);
  return true;
}

// The nearest float32 to the nearest float64, as JSON.parse and TensorFlow Serving round; false where this way cannot
// tell which. Of numbers from 10^-22 to 2^63.
inline bool ToNumber(const Digits& digits, float* value) {
  static constexpr double kTenths[2][24] = {
      {1e-0,  1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,  1e-8,  1e-9,  1e-10, 1e-11,
       1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22, 1e-23},
      {-1e-0,  -1e-1,  -1e-2,  -1e-3,  -1e-4,  -1e-5,  -1e-6,  -1e-7,  -1e-8,  -1e-9,  -1e-10, -1e-11,
       -1e-12, -1e-13, -1e-14, -1e-15, -1e-16, -1e-17, -1e-18, -1e-19, -1e-20, -1e-21, -1e-22, -1e-23}};
  // Three roundings, each by half a unit at most: the nearest float64 is no more than four units away. That is on the
  // same side of the middle of two float32, unless the middle is as near.
  const double near = static_cast<double>(static_cast<int64_t>(digits.all)) * kTenths[digits.minus][digits.fraction];
  uint64_t bits;
  std::memcpy(&bits, &near, sizeof bits);
  constexpr uint64_t kCut = (uint64_t{1} << 29) - 1, kMiddle = uint64_t{1} << 28, kUnits = 8;
  if (__builtin_expect(((bits - kMiddle + kUnits) & kCut) <= 2 * kUnits, 0)) {
    double exact;
    if (!ToNumber(digits, &exact)) return false;
    *value = static_cast<float>(exact);
    return true;
  }
  *value = static_cast<float>(near);
  return true;
}

// How far ReadUsualDigits looks.
constexpr ptrdiff_t kUsualSize = 40;

// Reads a number as most are written: no exponent, up to seven digits before the point, less than 10^18 without it. Its
// end; null for any other, and for what is none. There are kUsualSize bytes at `at`.
//
// Where the next number begins hangs on where this one ends, so that nothing but finding that out may take long: signs
// and points are branches, which a processor goes on behind before it knows, and values are made beside.
__attribute__((always_inline)) inline const char* ReadUsualDigits(const char* at, Digits* digits) {
  static constexpr auto kTens = PowersOfTen<uint64_t, 18>();
  digits->minus = false;
  digits->fraction = 0;
  if (*at == '-') {
    digits->minus = true;
    ++at;
    asm("" : "+r"(at));  // or else one is added without a branch
  }
  const char* fraction;
  uint64_t all;
  if (at[1] == '.') {
    all = static_cast<unsigned char>(*at - '0');
    if (all > 9) return nullptr;
    fraction = at + 2;
  } else {
    const uint64_t eight = EightAt(at);
    const unsigned count = DigitsIn(eight);
    if (count == 0 || count == 8 || (count > 1 && *at == '0')) return nullptr;
    all = ValueOfFirst(count, eight);
    at += count;
    if (*at != '.') {
      digits->all = all;
      return (*at | 0x20) == 'e' ? nullptr : at;
    }
    fraction = at + 1;
  }
  const DigitRun run(fraction);
  if (run.size() < 16) {
    const size_t count = run.size();
    if (count == 0 || all >= kTens[18 - count]) return nullptr;
    all = all * kTens[count] + run.Value(count);
    at = fraction + count;
  } else {
    const uint64_t eight = EightAt(fraction + 16);
    const size_t count = DigitsIn(eight);
    if (count == 8 || all >= kTens[2]) return nullptr;
    all = all * kTens[16] + run.Value(16);
    if (all >= kTens[18 - count]) return nullptr;
    all = all * kTens[count] + ValueOfFirst(count, eight);
    at = fraction + 16 + count;
  }
  digits->fraction = at - fraction;
  digits->all = all;
  return (*at | 0x20) == 'e' ? nullptr : at;
}

// Reads any number, as ReadNumber does.
const char* ReadAnyNumber(const char* at, const char* end, double* value);
const char* ReadAnyNumber(const char* at, const char* end, float* value);

// Reads a number as most are written, and gives it finite; null for others, and for what is none.
template <class Float>
__attribute__((always_inline)) inline const char* ReadUsualNumber(const char* at, const char* end, Float* value) {
  if (end - at < kUsualSize) return nullptr;
  Digits digits;
  at = ReadUsualDigits(at, &digits);
  return __builtin_expect(at != nullptr && ToNumber(digits, value), 1) ? at : nullptr;
}

// Reads a number; its end, or null where there is none. Rounded to nearest; beyond float64 it is infinite, or zero.
inline const char* ReadNumber(const char* at, const char* end, double* value) {
  const char* const number_end = ReadUsualNumber(at, end, value);
  return number_end != nullptr ? number_end : ReadAnyNumber(at, end, value);
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
  if (end - p >= 8) {
    const uint64_t eight = EightAt(p);
    const unsigned count = DigitsIn(eight);
    if (count < 8) {
      magnitude = ValueOfFirst(count, eight);
      p += count;
    }
  }
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
