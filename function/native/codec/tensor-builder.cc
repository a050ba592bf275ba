#include "tensor-builder.h"

#include <string>
#include <string_view>

#include "elements.h"
#include "tensorflow/core/platform/ctstring_internal.h"

namespace celsiusify {
namespace {

void FreeStrings(void* data, size_t bytes, void*) {
  TF_TString* strings = static_cast<TF_TString*>(data);
  for (size_t i = 0; i < bytes / sizeof(TF_TString); ++i) TF_TString_Dealloc(&strings[i]);
  std::free(data);
}

void DropShare(void*, size_t, void* share) { delete static_cast<std::shared_ptr<TF_Tensor>*>(share); }

}  // namespace

TF_Tensor* TensorBuilder::Finish(TF_DataType dtype, bool rows, const char* end) const {
  int rank = static_cast<int>(shape.size());
  const bool empty = rank > 0 && shape.back() == 0;  // the innermost level: others that are empty have nothing in them
  if (IsComplex(dtype) && !empty) {
    if (rank <= (rows ? 1 : 0) || shape.back() != 2) return nullptr;
    --rank;
  }
  if (ValueType(dtype) != TF_STRING) {
    TF_Tensor* tensor = TF_AllocateTensor(ValueType(dtype), shape.data(), rank, elements.size());
    if (tensor == nullptr) throw std::bad_alloc();
    if (elements.size() > 0) std::memcpy(TF_TensorData(tensor), elements.data(), elements.size());
    return tensor;
  }
  TF_Tensor* tensor = AllocateStrings(ValueType(dtype), shape.data(), rank);
  TF_TString* strings = static_cast<TF_TString*>(TF_TensorData(tensor));
  const StringInBody* places = reinterpret_cast<const StringInBody*>(elements.data());
  const size_t count = elements.size() / sizeof(StringInBody);
  std::string scratch;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view bytes = BytesOf(places[i], end, &scratch);
    TF_TString_Copy(&strings[i], bytes.data(), bytes.size());
  }
  return tensor;
}

TF_Tensor* Sharing(const std::shared_ptr<TF_Tensor>& tensor) {
  std::vector<int64_t> dims(TF_NumDims(tensor.get()));
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = TF_Dim(tensor.get(), static_cast<int>(i));
  return TF_NewTensor(TF_TensorType(tensor.get()), dims.data(), static_cast<int>(dims.size()),
                      TF_TensorData(tensor.get()), TF_TensorByteSize(tensor.get()), DropShare,
                      new std::shared_ptr<TF_Tensor>(tensor));
}

TF_Tensor* AllocateStrings(TF_DataType dtype, const int64_t* dims, int rank, size_t bytes) {
  constexpr size_t kAlignment = 64;  // what TensorFlow expects of tensors (EIGEN_MAX_ALIGN_BYTES)
  size_t shape_bytes = sizeof(TF_TString);
  for (int i = 0; i < rank; ++i) shape_bytes *= static_cast<size_t>(dims[i]);
  if (shape_bytes > bytes) bytes = shape_bytes;
  void* data = nullptr;
  if (posix_memalign(&data, kAlignment, bytes > 0 ? bytes : kAlignment) != 0) throw std::bad_alloc();
  std::memset(data, 0, bytes);
  return TF_NewTensor(dtype, dims, rank, data, bytes, FreeStrings, nullptr);
}

}  // namespace celsiusify
