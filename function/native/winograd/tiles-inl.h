// The code of a kernel, compiled once for each set of instructions: the file that includes it has set the target, and
// defines kLanes (floats of a vector) and kRows (tiles at once, as many as there are registers for). Its variables are vectors, which
// GCC and Clang add and multiply.

#include "tiles.h"

#define CELSIUSIFY_UNROLL _Pragma("GCC unroll 16")

namespace celsiusify::winograd {
namespace {

// Where a float stands: no more than that is known of what vectors are read from.
using Vector = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float))));
constexpr int kPanel = 2 * kLanes;

inline Vector Load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void Store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }

// How far rows are apart in scratch memory: at a power of two they would be in each other's way in the CPU's first cache.
inline int64_t StrideOf(int64_t floats) { return floats + kPadding; }

// Puts [rows, depth] × [depth, kPanel] to [rows, kPanel], whose rows are `stride` apart. All of it stays in registers.
template <int rows>
void Multiply(const float* left, const float* right, int64_t depth, float* to, int64_t stride) {
  Vector sums[rows][2] = {};
  for (int64_t k = 0; k < depth; ++k) {
    const Vector low = Load(right + k * kPanel), high = Load(right + k * kPanel + kLanes);
    CELSIUSIFY_UNROLL
    for (int row = 0; row < rows; ++row) {
      const Vector factor = left[row * StrideOf(depth) + k] - Vector{};
      sums[row][0] += factor * low;
      sums[row][1] += factor * high;
    }
  }
  CELSIUSIFY_UNROLL
  for (int row = 0; row < rows; ++row) {
    Store(to + row * stride, sums[row][0]);
    Store(to + row * stride + kLanes, sums[row][1]);
  }
}

template <int rows>
void MultiplyRows(int count, const float* left, const float* right, int64_t depth, float* to, int64_t stride) {
  if constexpr (rows > 0) {
    if (count == rows) return Multiply<rows>(left, right, depth, to, stride);
    MultiplyRows<rows - 1>(count, left, right, depth, to, stride);
  }
}

// In parts of nearly the same size: one row costs nearly what a few do.
void MultiplyAll(int64_t count, const float* left, const float* right, int64_t depth, float* to, int64_t stride) {
  for (int64_t parts = (count + kRows - 1) / kRows; parts > 0; --parts) {
    const int64_t rows = (count + parts - 1) / parts;
    MultiplyRows<kRows>(static_cast<int>(rows), left, right, depth, to, stride);
    left += rows * StrideOf(depth);
    to += rows * stride;
    count -= rows;
  }
}

// Which tile of which image.
struct Place {
  int64_t image, row, column;  // of its first output

  Place(const Tiles& tiles, int64_t index) {
    const int64_t across = (tiles.width + 1) / 2, down = (tiles.height + 1) / 2;
    column = index % across * 2;
    row = index / across % down * 2;
    image = index / across / down;
  }
};

// Bᵀ d B of each tile: 16 matrices of [count, depth] with padded rows, one after the other.
void TransformInput(const Tiles& tiles) {
  static const float kZeros[kLanes] = {};
  const int64_t depth = tiles.depth, matrix = tiles.count * StrideOf(depth);
  for (int64_t i = 0; i < tiles.count; ++i) {
    const Place place(tiles, tiles.first + i);
    const float* from[kSide][kSide];
    int64_t step[kSide][kSide];
    for (int y = 0; y < kSide; ++y)
      for (int x = 0; x < kSide; ++x) {
        const int64_t row = place.row + y - 1, column = place.column + x - 1;
        const bool inside = row >= 0 && row < tiles.height && column >= 0 && column < tiles.width;
        from[y][x] = inside ? tiles.input + ((place.image * tiles.height + row) * tiles.width + column) * depth : kZeros;
        step[y][x] = inside ? 1 : 0;
      }
    for (int64_t k = 0; k < depth; k += kLanes) {
      Vector rows[kSide][kSide];
      CELSIUSIFY_UNROLL
      for (int x = 0; x < kSide; ++x) {
        const Vector a = Load(from[0][x] + step[0][x] * k), b = Load(from[1][x] + step[1][x] * k);
        const Vector c = Load(from[2][x] + step[2][x] * k), d = Load(from[3][x] + step[3][x] * k);
        rows[0][x] = a - c;
        rows[1][x] = b + c;
        rows[2][x] = c - b;
        rows[3][x] = b - d;
      }
      float* to = tiles.scratch + i * StrideOf(depth) + k;
      CELSIUSIFY_UNROLL
      for (int y = 0; y < kSide; ++y, to += kSide * matrix) {
        Store(to, rows[y][0] - rows[y][2]);
        Store(to + matrix, rows[y][1] + rows[y][2]);
        Store(to + 2 * matrix, rows[y][2] - rows[y][1]);
        Store(to + 3 * matrix, rows[y][1] - rows[y][3]);
      }
    }
  }
}

inline Vector Clamp(Vector value, Vector lowest, Vector highest) {
  // What is no number stays none: it compares as false.
  value = value < lowest ? lowest : value;
  return value > highest ? highest : value;
}

// Aᵀ m A of each tile, with the bias, to where it belongs; of a tile at an odd edge a row or a column is not needed.
void TransformOutput(const Tiles& tiles, const float* products) {
  const int64_t channels = tiles.channels, matrix = tiles.count * StrideOf(channels);
  const Vector lowest = tiles.lowest - Vector{}, highest = tiles.highest - Vector{};
  for (int64_t i = 0; i < tiles.count; ++i) {
    const Place place(tiles, tiles.first + i);
    const bool has_right = place.column + 1 < tiles.width, has_below = place.row + 1 < tiles.height;
    const int64_t below = tiles.width * channels;
    float* const corner =
        tiles.output + ((place.image * tiles.height + place.row) * tiles.width + place.column) * channels;
    for (int64_t k = 0; k < channels; k += kLanes) {
      const float* from = products + i * StrideOf(channels) + k;
      Vector upper[kSide], lower[kSide];
      CELSIUSIFY_UNROLL
      for (int x = 0; x < kSide; ++x, from += matrix) {
        const Vector a = Load(from), b = Load(from + 4 * matrix), c = Load(from + 8 * matrix), d = Load(from + 12 * matrix);
        upper[x] = a + b + c;
        lower[x] = b - c - d;
      }
      const Vector bias = tiles.bias == nullptr ? Vector{} : Load(tiles.bias + k);
      float* const to = corner + k;
      Store(to, Clamp(upper[0] + upper[1] + upper[2] + bias, lowest, highest));
      if (has_right) Store(to + channels, Clamp(upper[1] - upper[2] - upper[3] + bias, lowest, highest));
      if (!has_below) continue;
      Store(to + below, Clamp(lower[0] + lower[1] + lower[2] + bias, lowest, highest));
      if (has_right) Store(to + below + channels, Clamp(lower[1] - lower[2] - lower[3] + bias, lowest, highest));
    }
  }
}

void RunTiles(const Tiles& tiles) {
  TransformInput(tiles);
  const int64_t inputs = tiles.count * StrideOf(tiles.depth), outputs = tiles.count * StrideOf(tiles.channels);
  float* const products = tiles.scratch + kValues * inputs;
  const float* filter = tiles.filters;
  for (int value = 0; value < kValues; ++value)
    for (int64_t channel = 0; channel < tiles.channels; channel += kPanel, filter += tiles.depth * kPanel)
      MultiplyAll(tiles.count, tiles.scratch + value * inputs, filter, tiles.depth, products + value * outputs + channel,
                  StrideOf(tiles.channels));
  TransformOutput(tiles, products);
}

}  // namespace
}  // namespace celsiusify::winograd

#undef CELSIUSIFY_UNROLL
