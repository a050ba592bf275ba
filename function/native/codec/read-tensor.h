// The way to read one tensor that finds the words for what is wrong with it.
#pragma once

#include <string>
#include <vector>

#include "signature.h"
#include "tensor-builder.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

// Where a tensor's text begins, which Scanner::SkipValue has found to be JSON.
struct TensorText {
  const std::vector<const char*>& values;  // one; or, of `split`, for each element along its first dimension
  bool split;
  bool rows;  // whether its first dimension is that of rows
  const char* end;
};

// Reads one tensor. `path`: where it stands in the body, for messages, such as `inputs.fahrenheit`. Null, and what is
// wrong, where it is no tensor of the field's dtype. The caller owns the tensor.
TF_Tensor* ReadTensor(const TensorText& text, const Field& field, const std::string& path, TensorBuilder* builder,
                      std::string* error);

// A value as a message shows it: its beginning only, whatever its size. At a value of checked text.
std::string Shown(const char* at, const char* end, TF_DataType dtype);

// What keeps it from being an element of that dtype, such as "is not a number".
std::string Refusal(const char* at, const char* end, TF_DataType dtype);

}  // namespace celsiusify
