// What every set of vector instructions makes of a block of tiles, for tiles-avx512.cc and tiles-avx2.cc. Neither may
// include anything that has code of its own: the linker would take that code for the rest of the program, too.
#pragma once

#include <cstdint>

namespace celsiusify::winograd {

// Tiles of 2×2 outputs, counted along rows, rows of tiles and images. All floats; depths are multiples of Kernel's.
struct Tiles {
  const float* input;    // [images, height, width, depth]
  const float* filters;  // as Kernel::panel wants them, see Convolution
  const float* bias;     // [channels], or null
  float* output;         // [images, height, width, channels]
  int64_t height, width, depth, channels;
  int64_t first, count;  // of the tiles
  float lowest, highest;  // what outputs are clamped to
  float* scratch;         // of ScratchFloats()
};

// A tile is computed from 4×4 inputs, so from 16 products for each channel in and out.
constexpr int kSide = 4, kValues = kSide * kSide;
// Of rows in scratch memory, a cache line.
constexpr int kPadding = 16;

static constexpr int64_t ScratchFloats(int64_t count, int64_t depth, int64_t channels) {
  return kValues * count * (depth + channels + 2 * kPadding);
}

struct Kernel {
  const char* name;
  int lanes;  // of a vector: depth is a multiple of it
  int panel;  // channels that are computed at once: channels is a multiple of it
  int rows;   // tiles that are computed at once
  void (*run)(const Tiles& tiles);
};

Kernel Avx512Kernel();
Kernel Avx2Kernel();

}  // namespace celsiusify::winograd
