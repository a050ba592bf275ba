// What the codec knows of a signature: which tensors a request brings, and which the answer has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

// One input or output.
struct Field {
  std::string name;  // the key that requests and answers use
  TF_DataType dtype;
  std::shared_ptr<TF_Tensor> initial = nullptr;  // an input's value where a request leaves it out; null: it must not
};

struct Signature {
  std::string name;
  std::vector<Field> inputs, outputs;  // as requests are to be read and answers to be written: in this order
  std::string unsupported;             // why it cannot be served, in words; empty if it can
  // Why examples cannot be classified, or given a number each, by it; empty where they can.
  std::string no_classify = "", no_regress = "";
};

}  // namespace celsiusify
