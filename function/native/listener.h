// A listening socket that takes no new connections, but still gives those that it has.
#pragma once

#include <node_api.h>

namespace celsiusify {

// Adds refuseNewConnections, which binding.ts describes.
void AddListener(napi_env env, napi_value exports);

}  // namespace celsiusify
