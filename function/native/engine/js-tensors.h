// Tensors from and to JavaScript's `{ shape, data }`.
#pragma once

#include <node_api.h>

#include <string>
#include <vector>

#include "../codec/signature.h"
#include "tensors.h"

namespace celsiusify::js {

// Copies an array of `{ shape: number[], data }`, one for each field; `data` is a typed array of the dtype's bytes,
// strings as an array of Uint8Array, or undefined for zeros. False where one does not fit its shape.
bool Tensors(napi_env env, napi_value array, const std::vector<Field>& fields, std::vector<TensorPtr>* tensors);

// Gives fields their defaults: an array of `{ shape, data }`, or of undefined for a field that has none, in the order of
// the fields. False where one does not fit its shape.
bool Defaults(napi_env env, napi_value array, std::vector<Field>* fields);

// `{ dtype: number, shape: number[], data: Uint8Array | Uint8Array[] }` of each: copies of the bytes. Of one that has a text
// in `texts`, `text` has that, and `data` nothing.
napi_value FromTensors(napi_env env, const std::vector<TensorPtr>& tensors, std::vector<std::string>&& texts);

}  // namespace celsiusify::js
