// The way to read one tensor that finds the words for what is wrong with it.
#pragma once

#include <string>
#include <vector>

#include "signature.h"
#include "tensor-builder.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

// Reads one tensor out of text that Scanner::SkipValue has found to be JSON. `values`: where it begins; or, for `rows`,
// where each element along its first dimension does. `path`: where it stands in the body, for messages, such as
// `inputs.fahrenheit`. Null, and what is wrong, where it is no tensor of the field's dtype. The caller owns the tensor.
TF_Tensor* ReadTensor(const std::vector<const char*>& values, bool rows, const char* end, const Field& field,
                      const std::string& path, TensorBuilder* builder, std::string* error);

// A value as a message shows it: its beginning only, whatever its size. At a value of checked text.
std::string Shown(const char* at, const char* end, TF_DataType dtype);

// What keeps it from being an element of that dtype, such as "is not a number".
std::string Refusal(const char* at, const char* end, TF_DataType dtype);

}  // namespace celsiusify
