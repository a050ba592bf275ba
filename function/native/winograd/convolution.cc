#include "convolution.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace celsiusify::winograd {
namespace {

constexpr int kTaps = 3;
// G of F(2×2, 3×3): a filter's row to what the products are made with.
constexpr double kFilterTransform[kSide][kTaps] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

// Of a block's floats between its steps: they are to stay in the CPU's second cache, of which there is 1 MiB or more where it is fast.
constexpr int64_t kScratchFloats = 768 * 1024 / sizeof(float);
// But so many rounds of the kernel at least: each block reads all filters, which are far larger where layers are deep.
constexpr int64_t kFewestRounds = 4;
constexpr int64_t kAlignment = 64;

// What a thread computes a block in; as large as the largest block yet.
float* Scratch(int64_t floats) {
  static thread_local std::vector<float> memory;
  const size_t needed = static_cast<size_t>(floats + kAlignment / sizeof(float));
  if (memory.size() < needed) memory = std::vector<float>(needed);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  return reinterpret_cast<float*>((address + kAlignment - 1) / kAlignment * kAlignment);
}

void Pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Blocks of one run, taken by whoever has time.
class Blocks {
 public:
  Blocks(const Kernel& kernel, const Tiles& all, int64_t size)
      : kernel_(kernel), all_(all), size_(size), left_(count()) {}

  int64_t count() const { return (all_.count + size_ - 1) / size_; }

  void Work() {
    for (int64_t block; (block = next_.fetch_add(1)) < count();) {
      Tiles tiles = all_;
      tiles.first = block * size_;
      tiles.count = std::min(size_, all_.count - tiles.first);
      tiles.scratch = Scratch(ScratchFloats(tiles.count, tiles.depth, tiles.channels));
      kernel_.run(tiles);
      left_.fetch_sub(1);
    }
  }

  // Until those that others have taken are done: a fraction of a millisecond, less than a thread needs to sleep and be woken.
  void Wait() const {
    constexpr int kPatience = 1000;
    for (int i = 0; left_.load() > 0; ++i) i < kPatience ? Pause() : std::this_thread::yield();
  }

 private:
  const Kernel kernel_;
  const Tiles all_;
  const int64_t size_;
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> left_;
};

}  // namespace

const std::vector<Kernel>& KernelsOfThisCpu() {
  static const std::vector<Kernel> kernels = [] {
    std::vector<Kernel> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) found.push_back(Avx512Kernel());
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(Avx2Kernel());
#endif
    return found;
  }();
  return kernels;
}

bool Convolution::Suits(const Kernel& kernel, int64_t depth, int64_t channels) {
  constexpr int64_t kFewest = 32;
  return std::min(depth, channels) >= kFewest && depth % kernel.lanes == 0 && channels % kernel.panel == 0;
}

Convolution::Convolution(const Kernel& kernel, const float* filters, int64_t depth, int64_t channels)
    : kernel_(kernel), depth_(depth), channels_(channels), filters_(kValues * depth * channels) {
  const int64_t tap = depth * channels;
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t channel = 0; channel < channels; ++channel) {
      const float* const filter = filters + k * channels + channel;
      double rows[kSide][kTaps] = {};
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kTaps; ++x)
          for (int i = 0; i < kTaps; ++i) rows[y][x] += kFilterTransform[y][i] * filter[(i * kTaps + x) * tap];
      const int64_t panel = channel / kernel.panel, lane = channel % kernel.panel;
      float* to = filters_.data() + (panel * depth + k) * kernel.panel + lane;
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x, to += tap) {
          double value = 0;
          for (int i = 0; i < kTaps; ++i) value += rows[y][i] * kFilterTransform[x][i];
          *to = static_cast<float>(value);
        }
    }
}

void Convolution::Run(const float* input, const Images& images, const float* bias, const Range& range, float* output,
                      Helpers* helpers) const {
  const int64_t tiles = images.count * ((images.height + 1) / 2) * ((images.width + 1) / 2);
  if (tiles == 0) return;
  const int64_t threads = helpers == nullptr ? 1 : helpers->count() + 1;
  const int64_t most = std::max<int64_t>(kScratchFloats / ScratchFloats(1, depth_, channels_), kFewestRounds * kernel_.rows);
  // As many blocks as needed, or as threads, of nearly the same size, but none smaller than what the kernel takes at once.
  const int64_t blocks = std::max({(tiles + most - 1) / most, std::min(threads, tiles / kernel_.rows), int64_t{1}});
  const int64_t size = (tiles + blocks - 1) / blocks;
  const Tiles all = {input,         filters_.data(), bias,      output, images.height, images.width, depth_,
                     channels_,     0,               tiles,     range.lowest, range.highest, nullptr};
  const auto work = std::make_shared<Blocks>(kernel_, all, size);
  for (int64_t i = 1; i < std::min(threads, work->count()); ++i) {
    std::function<void()> part = [work] { work->Work(); };
    if (!helpers->Offer(part)) break;
  }
  work->Work();
  work->Wait();
}

}  // namespace celsiusify::winograd
