// What the codec knows of a signature: which tensors a request brings, and which the answer has.
#pragma once

#include <string>
#include <vector>

#include "tensorflow/c/tf_datatype.h"

namespace celsiusify {

// One input or output.
struct Field {
  std::string name;  // the key that requests and answers use
  TF_DataType dtype;
};

struct Signature {
  std::string name;
  std::vector<Field> inputs, outputs;  // as requests are to be read and answers to be written: in this order
  std::string unsupported;             // why it cannot be served, in words; empty if it can
};

}  // namespace celsiusify
