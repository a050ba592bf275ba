// JSON request bodies to tensors. Thread-safe: all state between calls is scratch memory of the calling thread. It
// expects the rounding mode that threads have at first; where subnormals are flushed, float32 below 1.2e-38 comes as 0.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "signature.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

struct Decoded {
  int signature = -1;              // index into the signatures given
  bool rows = false;               // "instances" in, "predictions" out; else "inputs" in, "outputs" out
  std::vector<TF_Tensor*> inputs;  // in the order of the signature's inputs; the caller's to delete
};

// Reads the body of a `:predict` request, as TensorFlow Serving understands it. Tensors are 64-byte aligned and dense,
// row-major; their shape is that of the lists (rank 0…254), whatever the signature says. Complex numbers are pairs
// [re, im]: one level of lists more than the tensor has dimensions.
//
// False: the client's fault (HTTP 400); `*error` says what, and where in the body; `out->inputs` is empty.
bool DecodePredict(const char* body, size_t size, const std::vector<Signature>& signatures, Decoded* out,
                   std::string* error);

// Reads an object with the one key `key` and under it a number, or a flat list of at least one. A number comes as a
// tensor of shape [1], with `*scalar` true; a list of n as [n].
//
// False: as for DecodePredict; `*out` is null.
bool DecodeField(const char* body, size_t size, const char* key, TF_DataType dtype, TF_Tensor** out, bool* scalar,
                 std::string* error);

}  // namespace celsiusify
