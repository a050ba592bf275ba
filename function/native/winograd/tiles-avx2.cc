// For CPUs with AVX2 and FMA: 16 registers of 8 floats.
#if defined(__x86_64__)
#include <cstdint>
#pragma GCC target("avx2,fma")

constexpr int kLanes = 8, kRows = 6;
#include "tiles-inl.h"

namespace celsiusify::winograd {
Kernel Avx2Kernel() { return {"avx2", kLanes, kPanel, kRows, RunTiles}; }
}  // namespace celsiusify::winograd
#endif
