#include "tensors.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "tensorflow/core/platform/ctstring_internal.h"

namespace celsiusify {
namespace {

constexpr size_t kAlignment = 64;  // what TensorFlow expects of tensors (EIGEN_MAX_ALIGN_BYTES)

void FreeStrings(void* data, size_t bytes, void*) {
  TF_TString* strings = static_cast<TF_TString*>(data);
  for (size_t i = 0; i < bytes / sizeof(TF_TString); ++i) TF_TString_Dealloc(&strings[i]);
  std::free(data);
}

std::vector<int64_t> DimsOf(const TF_Tensor* tensor) {
  std::vector<int64_t> dims(TF_NumDims(tensor));
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = TF_Dim(tensor, static_cast<int>(i));
  return dims;
}

bool FitEachOther(const TF_Tensor* a, const TF_Tensor* b) {
  if (TF_TensorType(a) != TF_TensorType(b) || TF_NumDims(a) != TF_NumDims(b)) return false;
  for (int i = 1; i < TF_NumDims(a); ++i)
    if (TF_Dim(a, i) != TF_Dim(b, i)) return false;
  return true;
}

// Copies `count` elements of `size` bytes; strings one by one, since each owns its bytes.
void CopyElements(TF_DataType dtype, char* to, const char* from, int64_t count, size_t size) {
  if (dtype != TF_STRING) {
    std::memcpy(to, from, count * size);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    TF_TString_Copy(reinterpret_cast<TF_TString*>(to) + i, TF_TString_GetDataPointer(reinterpret_cast<const TF_TString*>(from) + i),
                    TF_TString_GetSize(reinterpret_cast<const TF_TString*>(from) + i));
}

size_t ElementSize(TF_DataType dtype) { return dtype == TF_STRING ? sizeof(TF_TString) : TF_DataTypeSize(dtype); }

void DropShare(void*, size_t, void* share) { delete static_cast<std::shared_ptr<TF_Tensor>*>(share); }

}  // namespace

TensorPtr NewStringTensor(const int64_t* dims, int rank) {
  size_t bytes = sizeof(TF_TString);
  for (int i = 0; i < rank; ++i) bytes *= static_cast<size_t>(dims[i]);
  void* data = nullptr;
  if (posix_memalign(&data, kAlignment, bytes > 0 ? bytes : kAlignment) != 0) throw std::bad_alloc();
  std::memset(data, 0, bytes);  // an empty string is all zero
  return TensorPtr(TF_NewTensor(TF_STRING, dims, rank, data, bytes, FreeStrings, nullptr));
}

size_t BytesOf(const TF_Tensor* tensor) {
  size_t bytes = TF_TensorByteSize(tensor);
  if (TF_TensorType(tensor) != TF_STRING) return bytes;
  const TF_TString* const strings = static_cast<const TF_TString*>(TF_TensorData(tensor));
  for (int64_t i = 0; i < TF_TensorElementCount(tensor); ++i) {
    const size_t size = TF_TString_GetSize(&strings[i]);
    if (size > TF_TString_SmallCapacity) bytes += size;
  }
  return bytes;
}

int64_t SharedRows(const std::vector<TensorPtr>& tensors) {
  int64_t rows = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (TF_NumDims(tensors[i].get()) == 0) return 0;
    const int64_t first = TF_Dim(tensors[i].get(), 0);
    if (i > 0 && first != rows) return 0;
    rows = first;
  }
  return rows;
}

uint64_t ShapeKey(uint64_t seed, const std::vector<TensorPtr>& tensors) {
  uint64_t key = seed;
  const auto mix = [&key](uint64_t value) { key = (key ^ value) * 0x9e3779b97f4a7c15u; key ^= key >> 29; };
  for (const TensorPtr& tensor : tensors) {
    mix(static_cast<uint64_t>(TF_TensorType(tensor.get())) << 32 | static_cast<uint64_t>(TF_NumDims(tensor.get())));
    for (int i = 1; i < TF_NumDims(tensor.get()); ++i) mix(static_cast<uint64_t>(TF_Dim(tensor.get(), i)));
  }
  return key >> 12;
}

TensorPtr Concatenate(const std::vector<const TF_Tensor*>& tensors, int64_t rows) {
  const TF_Tensor* first = tensors.front();
  const TF_DataType dtype = TF_TensorType(first);
  std::vector<int64_t> dims = DimsOf(first);
  if (dims.empty()) return nullptr;
  int64_t width = 1;
  for (size_t i = 1; i < dims.size(); ++i) width *= dims[i];
  int64_t held = 0;
  for (const TF_Tensor* tensor : tensors) {
    if (!FitEachOther(first, tensor)) return nullptr;
    held += TF_Dim(tensor, 0);
  }
  if (held == 0 || rows < held) return nullptr;
  dims[0] = rows;
  const size_t size = ElementSize(dtype);
  const int rank = static_cast<int>(dims.size());
  TensorPtr whole = dtype == TF_STRING
                        ? NewStringTensor(dims.data(), rank)
                        : TensorPtr(TF_AllocateTensor(dtype, dims.data(), rank, rows * width * size));
  char* to = static_cast<char*>(TF_TensorData(whole.get()));
  for (const TF_Tensor* tensor : tensors) {
    const int64_t count = TF_Dim(tensor, 0) * width;
    CopyElements(dtype, to, static_cast<const char*>(TF_TensorData(tensor)), count, size);
    to += count * size;
  }
  for (; held < rows; ++held, to += width * size) CopyElements(dtype, to, to - width * size, width, size);
  return whole;
}

TensorPtr RowsOf(const std::shared_ptr<TF_Tensor>& whole, int64_t from, int64_t count) {
  const TF_DataType dtype = TF_TensorType(whole.get());
  std::vector<int64_t> dims = DimsOf(whole.get());
  int64_t width = 1;
  for (size_t i = 1; i < dims.size(); ++i) width *= dims[i];
  dims[0] = count;
  const size_t row_bytes = width * ElementSize(dtype);
  char* data = static_cast<char*>(TF_TensorData(whole.get())) + from * row_bytes;
  return TensorPtr(TF_NewTensor(dtype, dims.data(), static_cast<int>(dims.size()), data, count * row_bytes, DropShare,
                                new std::shared_ptr<TF_Tensor>(whole)));
}

}  // namespace celsiusify
