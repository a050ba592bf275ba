// Numbers as JSON text, in the shortest form that reads back as the same number of its own dtype, laid out as
// JavaScript lays out numbers (ECMA-262, Number::toString): 0.00001, 1e-7, 5555555300, 1e+21; and -0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "elements.h"

namespace celsiusify {

// Room that a number takes at most, some of which is written to and left over.
constexpr size_t kMaxNumberSize = 48;

// A finite number's text at `out`; returns its end.
char* WriteNumber(char* out, double value);
char* WriteNumber(char* out, float value);
char* WriteNumber(char* out, Half value);
char* WriteNumber(char* out, Bfloat16 value);

// The value as float64, to tell which are finite.
double Widened(Half value);
double Widened(Bfloat16 value);

}  // namespace celsiusify
