// What the elements of a tensor are, in memory and in JSON text.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "dtype.h"
#include "read-number.h"
#include "scanner.h"
#include "text.h"

namespace celsiusify {

struct Half {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};
// A string where it stands in the body, checked: at its quote, or at the brace of {"b64": "…"}.
struct StringInBody {
  const char* at;
};

// Calls `use` with a value of the type that the dtype's elements have: components of complex numbers, storage of
// quantised ones, StringInBody for strings. The dtype is one that IsServed.
template <class Use>
auto WithElement(TF_DataType dtype, Use use) {
  switch (ValueType(dtype)) {
    case TF_HALF:
      return use(Half{});
    case TF_BFLOAT16:
      return use(Bfloat16{});
    case TF_DOUBLE:
    case TF_COMPLEX128:
      return use(double{});
    case TF_INT8:
    case TF_QINT8:
      return use(int8_t{});
    case TF_INT16:
    case TF_QINT16:
      return use(int16_t{});
    case TF_INT32:
    case TF_QINT32:
      return use(int32_t{});
    case TF_INT64:
      return use(int64_t{});
    case TF_UINT8:
    case TF_QUINT8:
      return use(uint8_t{});
    case TF_UINT16:
    case TF_QUINT16:
      return use(uint16_t{});
    case TF_UINT32:
      return use(uint32_t{});
    case TF_UINT64:
      return use(uint64_t{});
    case TF_BOOL:
      return use(bool{});
    case TF_STRING:
      return use(StringInBody{});
    default:
      return use(float{});
  }
}

inline bool IsComplex(TF_DataType dtype) {
  return ValueType(dtype) == TF_COMPLEX64 || ValueType(dtype) == TF_COMPLEX128;
}

// Past the one object that stands for a value, {"b64": "…"}, with its content; false, `in` anywhere, for another.
bool SkipBase64Object(Scanner* in, std::string_view* content);

// One element each: its end, or null where the text at `at` is not one of that type.

// Part of the loop over a list: a call for each number would take as long as half a number.
template <class Float>
__attribute__((always_inline)) inline const char* ReadFloat(const char* at, const char* end, Float* element) {
  if (const char* const number_end = ReadUsualNumber(at, end, element)) return number_end;
  at = ReadAnyNumber(at, end, element);
  return at != nullptr && std::isfinite(*element) ? at : nullptr;
}

inline const char* ReadElement(const char* at, const char* end, double* element) { return ReadFloat(at, end, element); }

// Rounded as float64 first, as JSON.parse and TensorFlow Serving do.
__attribute__((always_inline)) inline const char* ReadElement(const char* at, const char* end, float* element) {
  return ReadFloat(at, end, element);
}

inline const char* ReadElement(const char* at, const char* end, Half* element) {
  double number;
  at = ReadNumber(at, end, &number);
  return at != nullptr && std::isfinite(number) && ToHalf(number, &element->bits) ? at : nullptr;
}

inline const char* ReadElement(const char* at, const char* end, Bfloat16* element) {
  double number;
  at = ReadNumber(at, end, &number);
  return at != nullptr && std::isfinite(number) && ToBfloat16(number, &element->bits) ? at : nullptr;
}

template <class T>
inline const char* ReadElement(const char* at, const char* end, T* element) {
  static_assert(std::is_integral<T>::value, "an integer of 8 to 64 bits");
  return ReadInteger(at, end, element);
}

// The bytes of a string that was read: where they stand in the body, else in `scratch`.
std::string_view BytesOf(StringInBody string, const char* end, std::string* scratch);

const char* ReadElement(const char* at, const char* end, bool* element);
const char* ReadElement(const char* at, const char* end, StringInBody* element);

}  // namespace celsiusify
