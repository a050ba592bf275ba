// Convolutions for JavaScript, for tests.
#pragma once

#include <node_api.h>

namespace celsiusify::winograd {

void AddConvolve(napi_env env, napi_value exports);

}  // namespace celsiusify::winograd
