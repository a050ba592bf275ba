// Runs of one float32 vector to another, the shape of small models under load, in one call from JavaScript.
#pragma once

#include <node_api.h>

#include "tensorflow/c/c_api.h"

namespace celsiusify {

// The session that prepareVectorRun uses: the one that the binding loaded last on this thread.
void RememberSession(TF_Session* session, TF_Graph* graph);

// Adds prepareVectorRun and runVector, which binding.ts describes.
void AddVectorRun(napi_env env, napi_value exports);

}  // namespace celsiusify
