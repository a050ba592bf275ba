#include "read-number.h"

#include <charconv>

namespace celsiusify {
namespace {

// Where the first digit that counts stands: 0 for 1.5, -2 for 0.015. Zero has none, which never comes here.
int64_t PlaceOfFirstDigit(const char* at, const char* end) {
  constexpr int64_t kFar = int64_t{1} << 40;  // beyond any number of digits that fit into memory
  int64_t place = 0;
  bool found = false, fraction = false;
  for (; at != end && (*at | 0x20) != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
    } else if (IsDigit(*at)) {
      if (!found && fraction) --place;
      if (found && !fraction) ++place;
      found = found || *at != '0';
    }
  }
  if (at == end) return place;
  const bool negative = *++at == '-';
  int64_t exponent = 0;
  for (; at != end; ++at) {
    if (IsDigit(*at) && exponent < kFar) exponent = exponent * 10 + (*at - '0');
  }
  return place + (negative ? -exponent : exponent);
}

// A number that no short way can read exactly. `text` is one JSON number. Too large ones are infinite.
double ReadLongNumber(const char* text, const char* text_end) {
  double value = 0;
  if (std::from_chars(text, text_end, value).ec == std::errc()) return value;
  value = PlaceOfFirstDigit(text, text_end) > 0 ? std::numeric_limits<double>::infinity() : 0;
  return *text == '-' ? -value : value;
}

template <int kMantissa, int kLeast, int kGreatest>
bool Narrow(double value, uint16_t* bits) {
  uint64_t wide;
  std::memcpy(&wide, &value, sizeof wide);
  const uint16_t sign = static_cast<uint16_t>(wide >> 63 << 15);
  const int field = static_cast<int>(wide >> 52 & 0x7FF);
  const int exponent = field - 1023;
  *bits = sign;
  if (field == 0) return true;  // zero, or far below the least
  const int base = exponent < kLeast ? kLeast : exponent;
  const int shift = 52 - kMantissa + (base - exponent);
  if (shift > 63) return true;
  const uint64_t mantissa = (wide & ((uint64_t{1} << 52) - 1)) | uint64_t{1} << 52;
  const uint64_t half = uint64_t{1} << (shift - 1);
  const uint64_t rest = mantissa & (2 * half - 1);
  uint64_t kept = mantissa >> shift;
  if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  // A carry out of the mantissa goes on into the exponent, which is right.
  const uint64_t magnitude = (static_cast<uint64_t>(base - kLeast) << kMantissa) + kept;
  if (magnitude >= static_cast<uint64_t>(kGreatest - kLeast + 2) << kMantissa) return false;
  *bits = static_cast<uint16_t>(sign | magnitude);
  return true;
}

}  // namespace

const char* ReadAnyNumber(const char* at, const char* end, double* value) {
  static constexpr auto kTens = PowersOfTen<uint64_t, 7>();
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
      const uint64_t eight = EightAt(at);
      const unsigned more = DigitsIn(eight);
      at += more;
      if (more < 8) {
        digits = digits * kTens[more] + ValueOfFirst(more, eight);
        break;
      }
      digits = digits * 100000000 + ValueOfDigits(eight);
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
  if (count <= 19 && ToNumber({digits, -power, minus}, value)) return at;
  *value = ReadLongNumber(text, at);
  return at;
}

const char* ReadAnyNumber(const char* at, const char* end, float* value) {
  double number;
  at = ReadAnyNumber(at, end, &number);
  *value = static_cast<float>(number);
  return at;
}

bool ToHalf(double value, uint16_t* bits) { return Narrow<10, -14, 15>(value, bits); }
bool ToBfloat16(double value, uint16_t* bits) { return Narrow<7, -126, 127>(value, bits); }

}  // namespace celsiusify
