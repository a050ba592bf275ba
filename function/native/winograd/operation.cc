// The operation for TensorFlow: its definition, the shape of what it gives, and its kernel.
#include "operation.h"

#include <array>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../freeze/owned.h"
#include "convolution.h"
#include "plugin.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify::winograd {
namespace {

constexpr size_t kMostCharacters = 16;  // of an activation's name

std::optional<Range> RangeOf(const std::string& activation) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (activation.empty()) return Range{-kInfinity, kInfinity};
  if (activation == "Relu") return Range{0, kInfinity};
  if (activation == "Relu6") return Range{0, 6};
  return std::nullopt;
}

// Of one node of a graph, for as long as its session lives.
class Layer {
 public:
  Layer(int biases, const Range& range) : biases_(biases), range_(range) {}

  void Compute(TF_OpKernelContext* context) {
    const Status status;
    const Owned<TF_Tensor> images = Input(context, 0), filters = Input(context, 1);
    const Owned<TF_Tensor> bias = biases_ == 0 ? Owned<TF_Tensor>(nullptr, TF_DeleteTensor) : Input(context, 2);
    const auto fail = [&](const char* words) {
      TF_SetStatus(status, TF_INVALID_ARGUMENT, words);
      TF_OpKernelContext_Failure(context, status);
    };
    if (TF_NumDims(images.get()) != 4) return fail("input must be 4-dimensional");
    if (TF_NumDims(filters.get()) != 4 || TF_Dim(filters.get(), 0) != 3 || TF_Dim(filters.get(), 1) != 3)
      return fail("filters must be [3, 3, depth, channels]");
    const int64_t depth = TF_Dim(filters.get(), 2), channels = TF_Dim(filters.get(), 3);
    if (TF_Dim(images.get(), 3) != depth) return fail("input depth must be that of the filters");
    if (bias != nullptr && TF_TensorElementCount(bias.get()) != channels) return fail("bias must be [channels]");
    const Convolution* const convolution = Prepare(filters.get(), depth, channels);
    if (convolution == nullptr) return fail("the filters have another size than before, or none for this CPU");

    const Images size = {TF_Dim(images.get(), 0), TF_Dim(images.get(), 1), TF_Dim(images.get(), 2)};
    std::array<int64_t, 4> shape = {size.count, size.height, size.width, channels};
    const size_t bytes = sizeof(float) * size.count * size.height * size.width * channels;
    const Owned<TF_Tensor> output(TF_AllocateOutput(context, 0, TF_FLOAT, shape.data(), 4, bytes, status), TF_DeleteTensor);
    if (TF_GetCode(status) != TF_OK) return TF_OpKernelContext_Failure(context, status);
    convolution->Run(Floats(images.get()), size, bias == nullptr ? nullptr : Floats(bias.get()), range_,
                     static_cast<float*>(TF_TensorData(output.get())), HelpersOfThread::Current());
  }

 private:
  static Owned<TF_Tensor> Input(TF_OpKernelContext* context, int index) {
    const Status status;
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context, index, &tensor, status);
    return {tensor, TF_DeleteTensor};
  }

  static const float* Floats(const TF_Tensor* tensor) { return static_cast<const float*>(TF_TensorData(tensor)); }

  // The first run does what takes longer than a run: 10 ms for 256 × 256 channels. Others wait for it.
  const Convolution* Prepare(const TF_Tensor* filters, int64_t depth, int64_t channels) {
    std::call_once(once_, [&] {
      const std::vector<Kernel>& kernels = KernelsOfThisCpu();
      if (!kernels.empty() && Convolution::Suits(kernels[0], depth, channels))
        convolution_.emplace(kernels[0], Floats(filters), depth, channels);
    });
    const bool fits = convolution_ && convolution_->depth() == depth && convolution_->channels() == channels;
    return fits ? &*convolution_ : nullptr;
  }

  const int biases_;
  const Range range_;
  std::once_flag once_;
  std::optional<Convolution> convolution_;
};

void* Create(TF_OpKernelConstruction* construction) {
  const Status status;
  int32_t biases = 0;
  std::array<char, kMostCharacters> activation{};
  TF_OpKernelConstruction_GetAttrInt32(construction, "biases", &biases, status);
  if (TF_GetCode(status) == TF_OK)
    TF_OpKernelConstruction_GetAttrString(construction, "activation", activation.data(), activation.size(), status);
  const std::optional<Range> range = RangeOf({activation.data(), strnlen(activation.data(), activation.size())});
  if (TF_GetCode(status) == TF_OK && !range) TF_SetStatus(status, TF_INVALID_ARGUMENT, "unknown activation");
  if (TF_GetCode(status) == TF_OK) return new Layer(biases, *range);
  TF_OpKernelConstruction_Failure(construction, status);
  return nullptr;
}

void Compute(void* node, TF_OpKernelContext* context) { static_cast<Layer*>(node)->Compute(context); }
void Delete(void* node) { delete static_cast<Layer*>(node); }

// [count, height, width] of the images, and the filters' channels.
void InferShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  const auto shape = [] { return Owned<TF_ShapeHandle>(TF_NewShapeHandle(), TF_DeleteShapeHandle); };
  const Owned<TF_ShapeHandle> images = shape(), filters = shape(), front = shape(), channels = shape(), result = shape();
  TF_ShapeInferenceContextGetInput(context, 0, images.get(), status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextGetInput(context, 1, filters.get(), status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, images.get(), 4, images.get(), status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, filters.get(), 4, filters.get(), status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, images.get(), 0, 3, front.get(), status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSubshape(context, filters.get(), 3, 4, channels.get(), status);
  if (TF_GetCode(status) == TF_OK)
    TF_ShapeInferenceContextConcatenateShapes(context, front.get(), channels.get(), result.get(), status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, result.get(), status);
}

}  // namespace

void RegisterOperation() {
  const Status status;
  TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder(kOperation);
  TF_OpDefinitionBuilderAddAttr(definition, "biases: int >= 0");
  TF_OpDefinitionBuilderAddAttr(definition, "activation: string = ''");
  TF_OpDefinitionBuilderAddInput(definition, "images: float");
  TF_OpDefinitionBuilderAddInput(definition, "filters: float");
  TF_OpDefinitionBuilderAddInput(definition, "bias: biases * float");
  TF_OpDefinitionBuilderAddOutput(definition, "output: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, InferShape);
  TF_RegisterOpDefinition(definition, status);
  status.Check("TensorFlow does not take the operation");
  TF_RegisterKernelBuilder(kOperation, TF_NewKernelBuilder(kOperation, "CPU", Create, Compute, Delete), status);
  status.Check("TensorFlow does not take the kernel");
}

}  // namespace celsiusify::winograd
