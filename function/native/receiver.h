// Bodies that come over sockets, read by a thread of its own in place of the event loop's.
#pragma once

#include <node_api.h>

namespace celsiusify {

// Adds createReceiver, which native/receiver.ts describes.
void AddReceiver(napi_env env, napi_value exports);

}  // namespace celsiusify
