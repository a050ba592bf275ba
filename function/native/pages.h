// Memory that the process holds and does not need: code that only a start runs, and what was freed.
#pragma once

#include <node_api.h>

namespace celsiusify {

// Adds releasePages and trimHeap, which binding.ts describes.
void AddPages(napi_env env, napi_value exports);

}  // namespace celsiusify
