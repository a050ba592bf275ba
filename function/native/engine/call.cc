#include "call.h"

#include <new>
#include <utility>

#include "../codec/decode.h"
#include "../codec/encode.h"
#include "../codec/examples.h"

namespace celsiusify {
namespace {

std::vector<TF_Tensor*> Pointers(const std::vector<TensorPtr>& tensors) {
  std::vector<TF_Tensor*> pointers;
  pointers.reserve(tensors.size());
  for (const TensorPtr& tensor : tensors) pointers.push_back(tensor.get());
  return pointers;
}

Task TaskOf(int format) { return format == kClassify ? Task::kClassify : Task::kRegress; }

Failure NoMemory() { return {TF_RESOURCE_EXHAUSTED, "there is not enough memory for this request"}; }

}  // namespace

void Call::Reset() {
  model.reset();
  signature = -1;
  rows_asked = scalar = false;
  inputs.clear();
  outputs.clear();
  text.clear();
  printed.clear();
  lists.clear();
  failure = {};
}

bool Call::Decode(const char* body, size_t size) {
  try {
    return DecodeAs(body, size);
  } catch (const std::bad_alloc&) {
    failure = NoMemory();
    return false;
  }
}

bool Call::DecodeAs(const char* body, size_t size) {
  std::string error;
  bool good = false;
  if (format < kFields) {
    Decoded decoded;
    good = format == kPredict ? DecodePredict(body, size, model->signatures(), &decoded, &error)
                              : DecodeExamples(body, size, model->signatures(), TaskOf(format), &decoded, &error);
    signature = decoded.signature;
    rows_asked = decoded.rows;
    for (TF_Tensor* tensor : decoded.inputs) inputs.emplace_back(tensor);
  } else {
    const FieldFormat& field = field_format();
    signature = field.signature;
    TF_Tensor* tensor = nullptr;
    good = DecodeField(body, size, field.key.c_str(), model->signatures()[signature].inputs[0].dtype, &tensor, &scalar,
                       &error);
    if (good) inputs.emplace_back(tensor);
  }
  if (good) Measure();
  else failure = {TF_INVALID_ARGUMENT, std::move(error)};
  return good;
}

void Call::Measure() {
  rows = SharedRows(inputs);
  key = ShapeKey(static_cast<uint64_t>(signature), inputs);
  bytes = 0;
  for (const TensorPtr& tensor : inputs) bytes += BytesOf(tensor.get());
}

bool Call::Run(Helpers* helpers) {
  failure = model->Run(signature, Pointers(inputs), &outputs, helpers);
  return failure.code == TF_OK;
}

bool Call::Encode() {
  try {
    return EncodeAs();
  } catch (const std::bad_alloc&) {
    failure = NoMemory();
    text.clear();
    return false;
  }
}

bool Call::EncodeAs() {
  const Signature& definition = model->signatures()[signature];
  std::string error;
  bool good = true;
  if (format == kPredict) {
    good = EncodePredict(definition, rows_asked, Pointers(outputs).data(), &text, &error);
  } else if (format == kClassify || format == kRegress) {
    const int64_t count = TF_Dim(inputs[0].get(), 0);
    good = EncodeResults(definition, TaskOf(format), count, Pointers(outputs).data(), &text, &error);
  } else if (format == kTensors) {
    EncodeLists();
  } else {
    const FieldFormat& field = field_format();
    text = field.prefix;
    TF_Tensor* const output = outputs[0].get();
    if (scalar && TF_NumDims(output) == 1 && TF_Dim(output, 0) == 1) TF_SetShape(output, nullptr, 0);
    good = EncodeTensor(output, definition.outputs[0], &text, &error);
    text += field.suffix;
  }
  if (!good) {
    failure = {TF_INVALID_ARGUMENT, std::move(error)};
    text.clear();
  }
  return good;
}

void Call::EncodeLists() {
  const Signature& definition = model->signatures()[signature];
  if (!printed.empty()) lists.resize(outputs.size());
  for (uint32_t i : printed) {
    TF_Tensor* const output = outputs[i].get();
    if (TF_TensorType(output) == TF_STRING) continue;
    std::vector<int64_t> shape(TF_NumDims(output));
    for (size_t dim = 0; dim < shape.size(); ++dim) shape[dim] = TF_Dim(output, static_cast<int>(dim));
    const int64_t count = TF_TensorElementCount(output);
    std::string error;
    TF_SetShape(output, &count, 1);
    if (!EncodeTensor(output, definition.outputs[i], &lists[i], &error)) lists[i].clear();
    TF_SetShape(output, shape.data(), static_cast<int>(shape.size()));
  }
}

namespace {

bool TryTogether(const std::vector<Call*>& calls, int64_t rows, Helpers* helpers) {
  const Call& first = *calls.front();
  std::vector<TensorPtr> merged;
  for (size_t i = 0; i < first.inputs.size(); ++i) {
    std::vector<const TF_Tensor*> parts;
    parts.reserve(calls.size());
    for (const Call* call : calls) parts.push_back(call->inputs[i].get());
    merged.push_back(Concatenate(parts, rows));
    if (merged.back() == nullptr) return false;
  }
  std::vector<TensorPtr> outputs;
  if (first.model->Run(first.signature, Pointers(merged), &outputs, helpers).code != TF_OK) return false;
  for (const TensorPtr& output : outputs)
    if (TF_NumDims(output.get()) == 0 || TF_Dim(output.get(), 0) != rows) return false;  // not row-wise after all
  for (TensorPtr& output : outputs) {
    const std::shared_ptr<TF_Tensor> whole(output.release(), DeleteTensor());
    int64_t from = 0;
    for (Call* call : calls) {
      call->outputs.push_back(RowsOf(whole, from, call->rows));
      from += call->rows;
    }
  }
  return true;
}

}  // namespace

bool RunTogether(const std::vector<Call*>& calls, int64_t rows, Helpers* helpers) {
  try {
    return TryTogether(calls, rows, helpers);
  } catch (const std::bad_alloc&) {
    for (Call* call : calls) call->outputs.clear();
    return false;
  }
}

}  // namespace celsiusify
