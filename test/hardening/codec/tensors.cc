// As much of TensorFlow's C API as the codec calls, without TensorFlow, which no sanitizer can look into.
#include <atomic>
#include <cstdlib>
#include <vector>

#include "tensors.h"

struct TF_Tensor {
  TF_DataType dtype;
  std::vector<int64_t> shape;
  void* data;
  size_t bytes;
  void (*release)(void* data, size_t bytes, void* arg);
  void* arg;
};

namespace {
std::atomic<int64_t> alive{0};
void Free(void* data, size_t, void*) { std::free(data); }
}  // namespace

int64_t TensorsAlive() { return alive; }

TF_Tensor* TF_NewTensor(TF_DataType dtype, const int64_t* dims, int rank, void* data, size_t bytes,
                        void (*release)(void*, size_t, void*), void* arg) {
  ++alive;
  return new TF_Tensor{dtype, std::vector<int64_t>(dims, dims + rank), data, bytes, release, arg};
}

TF_Tensor* TF_AllocateTensor(TF_DataType dtype, const int64_t* dims, int rank, size_t bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, 64, bytes) != 0) std::abort();
  return TF_NewTensor(dtype, dims, rank, data, bytes, Free, nullptr);
}

void TF_DeleteTensor(TF_Tensor* tensor) {
  --alive;
  tensor->release(tensor->data, tensor->bytes, tensor->arg);
  delete tensor;
}

TF_DataType TF_TensorType(const TF_Tensor* tensor) { return tensor->dtype; }
int TF_NumDims(const TF_Tensor* tensor) { return static_cast<int>(tensor->shape.size()); }
int64_t TF_Dim(const TF_Tensor* tensor, int i) { return tensor->shape[i]; }
size_t TF_TensorByteSize(const TF_Tensor* tensor) { return tensor->bytes; }
void* TF_TensorData(const TF_Tensor* tensor) { return tensor->data; }
