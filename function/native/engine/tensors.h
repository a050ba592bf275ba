// Tensors as calls hold them: owned, laid end to end along their first dimension, and cut into rows again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace celsiusify {

struct DeleteTensor {
  void operator()(TF_Tensor* tensor) const { TF_DeleteTensor(tensor); }
};
using TensorPtr = std::unique_ptr<TF_Tensor, DeleteTensor>;

// A string tensor whose strings are freed with it; all start empty. TensorFlow's own allocation of a TF_STRING tensor
// leaves its strings to the caller.
TensorPtr NewStringTensor(const int64_t* dims, int rank);

// What a tensor holds, in bytes; of strings what they have outside of the tensor, too.
size_t BytesOf(const TF_Tensor* tensor);

// The first dimension that all tensors share; 0 where they share none, or where one is a scalar.
int64_t SharedRows(const std::vector<TensorPtr>& tensors);

// A number that is the same for lists of tensors that can be laid end to end: of one dtype each, and of one shape but
// for the first dimension. (Different lists may meet: Concatenate looks again.) Below 2^52, so that a double holds it.
uint64_t ShapeKey(uint64_t seed, const std::vector<TensorPtr>& tensors);

// One copy of all, along the first dimension, and the last row repeated until there are `rows`.
// Null where the tensors do not fit each other.
TensorPtr Concatenate(const std::vector<const TF_Tensor*>& tensors, int64_t rows);

// Rows `from` up to `from + count`, which share `whole`'s memory.
TensorPtr RowsOf(const std::shared_ptr<TF_Tensor>& whole, int64_t from, int64_t count);

}  // namespace celsiusify
