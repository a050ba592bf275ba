// JSON lists of numbers to and from float32 tensors, without a JavaScript object per number between them.
#pragma once

#include <node_api.h>

namespace celsiusify {

// Adds parseFloats and formatFloats, which binding.ts describes.
void AddNumbers(napi_env env, napi_value exports);

}  // namespace celsiusify
