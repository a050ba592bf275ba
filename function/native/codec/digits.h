// Decimal digits in text, several at a time.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX__
#include <immintrin.h>
#endif

namespace celsiusify {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eight digits at a time, the first in the lowest byte");

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

inline uint64_t EightAt(const char* at) {
  uint64_t eight;
  std::memcpy(&eight, at, sizeof eight);
  return eight;
}

// The highest bits of those of eight characters that are no digits: right for the first such.
inline uint64_t OthersIn(uint64_t eight) {
  return ((eight + 0x4646464646464646) | (eight - 0x3030303030303030)) & 0x8080808080808080;
}

// How many of eight characters are digits before the first that is none.
inline unsigned DigitsIn(uint64_t eight) {
  const uint64_t others = OthersIn(eight);
  return others == 0 ? 8 : static_cast<unsigned>(__builtin_ctzll(others)) / 8;
}

// The value of eight digits; zero bytes count as digits 0. Pairs, fours and then all are added up side by side in one
// word (Johnny Lee's method; D. Lemire, "Quickly parsing eight digits", 2018).
inline uint32_t ValueOfDigits(uint64_t eight) {
  eight = (eight & 0x0F0F0F0F0F0F0F0F) * (10 * 256 + 1) >> 8;
  eight = (eight & 0x00FF00FF00FF00FF) * (100 * 65536 + 1) >> 16;
  return static_cast<uint32_t>((eight & 0x0000FFFF0000FFFF) * (10000 * (uint64_t{1} << 32) + 1) >> 32);
}

// The value of the first `count` of eight digits, less than all.
inline uint32_t ValueOfFirst(unsigned count, uint64_t eight) {
  return ValueOfDigits(eight << 8 << (7 - count) * 8);  // they go to the upper bytes, zeros before them
}

// Up to 16 digits.
class DigitRun {
 public:
  // There are 16 bytes at `at`.
  explicit DigitRun(const char* at) {
#ifdef __AVX__
    digits_ = _mm_sub_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), _mm_set1_epi8('0'));
    // From ten on, their highest bits.
    const int others = _mm_movemask_epi8(_mm_adds_epu8(digits_, _mm_set1_epi8(128 - 10)));
    size_ = others == 0 ? 16 : static_cast<unsigned>(__builtin_ctz(static_cast<unsigned>(others)));
#else
    first_ = EightAt(at);
    second_ = EightAt(at + 8);
    const unsigned size = DigitsIn(first_);
    size_ = size < 8 ? size : 8 + DigitsIn(second_);
#endif
  }

  // How many there are before the first other character.
  size_t size() const { return size_; }

  // Of the first `count`, one at least.
  uint64_t Value(size_t count) const {
#ifdef __AVX__
    // As ValueOfDigits does it, in a vector. First they go to its end, and -1 makes zeros.
    static constexpr int8_t kToTheEnd[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                             0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15};
    const __m128i at_end =
        _mm_shuffle_epi8(digits_, _mm_loadu_si128(reinterpret_cast<const __m128i*>(kToTheEnd + count)));
    const __m128i pairs = _mm_maddubs_epi16(at_end, _mm_set1_epi16(1 << 8 | 10));
    const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | 100));
    const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(1 << 16 | 10000));
    const uint64_t both = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
    return (both & 0xFFFFFFFF) * 100000000 + (both >> 32);
#else
    if (count <= 8) return ValueOfDigits(first_ << (8 - count) * 8);
    static constexpr uint32_t kTens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    return uint64_t{ValueOfDigits(first_)} * kTens[count - 8] + ValueOfDigits(second_ << (16 - count) * 8);
#endif
  }

 private:
#ifdef __AVX__
  __m128i digits_;
#else
  uint64_t first_, second_;
#endif
  size_t size_;
};

}  // namespace celsiusify
