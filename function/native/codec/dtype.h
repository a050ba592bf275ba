// TensorFlow's dtypes as the codec sees them.
#pragma once

#include <string>

#include "tensorflow/c/tf_datatype.h"

namespace celsiusify {

// The dtype that values have: a reference (DT_FLOAT_REF = 101, of TensorFlow 1's variables) is fed and fetched as what
// it refers to.
inline TF_DataType ValueType(TF_DataType dtype) { return dtype > 100 ? static_cast<TF_DataType>(dtype - 100) : dtype; }

// Whether tensors of this dtype have a JSON form, in and out: floats of 16, 32 and 64 bits and bfloat16, integers of 8
// to 64 bits, quantised ones by their storage, complex ones, bools and strings.
bool IsServed(TF_DataType dtype);

// TensorFlow's name, such as DT_FLOAT; "DT_number 40" for one that it does not have.
std::string NameOf(TF_DataType dtype);

}  // namespace celsiusify
