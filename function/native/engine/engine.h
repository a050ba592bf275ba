// The engine as JavaScript sees it: models and calls by number, and a pool of threads.
#pragma once

#include <node_api.h>

#include "model.h"

namespace celsiusify {

// Adds createEngine, which native/engine.ts describes.
void AddEngine(napi_env env, napi_value exports);

}  // namespace celsiusify
