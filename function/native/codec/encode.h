// Tensors to JSON answers. Thread-safe; takes no lock and keeps no state.
#pragma once

#include <string>

#include "signature.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

// Appends the answer to a `:predict` request: {"predictions":[…]} for rows, {"outputs":…} for columns; values alone
// where the signature has one output, else objects by name.
//
// `outputs` are in the order of signature.outputs. What counts is each tensor's own dtype, not the signature's.
// False: an output has no row format or holds a value that JSON cannot say (HTTP 400); `*error` says which, and `*text`
// is as it was.
bool EncodePredict(const Signature& signature, bool rows, TF_Tensor* const* outputs, std::string* text,
                   std::string* error);

// Appends one tensor as nested lists, a bare value for a scalar. Numbers have the shortest form that reads back as the
// same value of their dtype, laid out as JavaScript lays out numbers; integers all their digits; complex numbers are
// pairs [re, im]. Strings are escaped as JSON.stringify does; those of a field whose name ends in `_bytes` are written
// as {"b64": "…"}.
//
// False: a float that is not finite, or a string that is no UTF-8; as for EncodePredict.
bool EncodeTensor(TF_Tensor* tensor, const Field& field, std::string* text, std::string* error);

}  // namespace celsiusify
