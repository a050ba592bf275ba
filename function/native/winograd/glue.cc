#include "glue.h"

#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "../engine/js.h"
#include "convolution.h"

namespace celsiusify::winograd {
namespace {

const float* Floats(const js::Bytes& bytes) { return reinterpret_cast<const float*>(bytes.data); }

// Threads that begin at once, each for one part.
class Eager final : public Helpers {
 public:
  explicit Eager(int count) : count_(count) {}
  ~Eager() override {
    for (std::thread& thread : threads_) thread.join();
  }
  int count() const override { return count_; }
  bool Offer(std::function<void()>& part) override {
    if (static_cast<int>(threads_.size()) == count_) return false;
    threads_.emplace_back(std::move(part));
    return true;
  }

 private:
  const int count_;
  std::vector<std::thread> threads_;
};

// (kernel, images, shape, filters, channels, bias, [lowest, highest], helpers): see convolve() in convolve.ts
napi_value Convolve(napi_env env, napi_callback_info info) {
  const js::Arguments<8> arguments(env, info);
  const std::string name = js::String(env, arguments[0]);
  const Kernel* kernel = nullptr;
  for (const Kernel& one : KernelsOfThisCpu())
    if (name == one.name) kernel = &one;
  const js::Bytes images(env, arguments[1]), filters(env, arguments[3]), bias(env, arguments[5]);
  const std::vector<uint32_t> shape = js::Uint32s(env, arguments[2]);
  const int64_t depth = shape.at(3), channels = js::Uint32(env, arguments[4]);
  if (kernel == nullptr || !Convolution::Suits(*kernel, depth, channels)) return js::Undefined(env);
  const js::Bytes range(env, arguments[6]);
  Eager helpers(static_cast<int>(js::Uint32(env, arguments[7])));
  std::string output(sizeof(float) * shape[0] * shape[1] * shape[2] * channels, '\0');
  const Convolution convolution(*kernel, Floats(filters), depth, channels);
  convolution.Run(Floats(images), {shape[0], shape[1], shape[2]}, bias.size == 0 ? nullptr : Floats(bias),
                  {Floats(range)[0], Floats(range)[1]}, reinterpret_cast<float*>(output.data()), &helpers);
  return js::Buffer(env, std::move(output));
}

napi_value Kernels(napi_env env, napi_callback_info) {
  std::vector<std::string> names;
  for (const Kernel& kernel : KernelsOfThisCpu()) names.push_back(kernel.name);
  return js::Array(env, names);
}

}  // namespace

void AddConvolve(napi_env env, napi_value exports) {
  js::Function(env, exports, "convolve", Convolve);
  js::Function(env, exports, "kernels", Kernels);
}

}  // namespace celsiusify::winograd
