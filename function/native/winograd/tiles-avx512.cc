// For CPUs with AVX-512: 32 registers of 16 floats.
#if defined(__x86_64__)
#include <cstdint>
#pragma GCC target("avx512f,fma,prefer-vector-width=512")

constexpr int kLanes = 16, kRows = 14;
#include "tiles-inl.h"

namespace celsiusify::winograd {
Kernel Avx512Kernel() { return {"avx512", kLanes, kPanel, kRows, RunTiles}; }
}  // namespace celsiusify::winograd
#endif
