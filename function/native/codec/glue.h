// The codec for JavaScript, for tests: what a request's body holds, and the answer that tensors make.
#pragma once

#include <node_api.h>

namespace celsiusify {

// Adds decodePredict, decodeField and encodePredict, which codec.ts describes.
void AddCodec(napi_env env, napi_value exports);

}  // namespace celsiusify
