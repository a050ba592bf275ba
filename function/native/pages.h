// Memory of Node's and TensorFlow's code that a model does not need once it is warm.
#pragma once

#include <node_api.h>

namespace celsiusify {

// Adds releasePages, which binding.ts describes.
void AddPages(napi_env env, napi_value exports);

}  // namespace celsiusify
