// The fast way to read a value of a tensor: one pass over the text, for values without a fault.
#pragma once

#include "scanner.h"
#include "signature.h"
#include "tensor-builder.h"

namespace celsiusify {

// Reads nested lists of elements, or one bare element. `around` lists stand around it that the caller counts. False,
// `in` anywhere, for anything else than equally long lists of elements of the dtype, and for text that is no JSON: the
// caller finds out what is wrong with it.
bool ReadLists(Scanner* in, TF_DataType dtype, size_t around, TensorBuilder* builder);

}  // namespace celsiusify
