// tensorflow.ConfigProto (tensorflow/core/protobuf/config.proto), as sessions of this process want it.
#pragma once

#include <cstdint>
#include <string>

#include "tensorflow/c/c_api.h"

namespace celsiusify {

struct SessionSettings {
  // Threads inside one operation; 0 lets TensorFlow choose.
  int32_t intra_op = 1;
  // Threads for operations that do not depend on each other. -1: a run happens in the thread that asks for it, rather
  // than being handed to a pool and waited for.
  int32_t inter_op = -1;
  // TensorFlow's executor for one thread, which does without the other's bookkeeping (which operations are ready, in
  // which frame and iteration). For graphs that canRunInOrder() in ../model/operations.ts; needs inter_op -1.
  bool in_order = false;
  // For graphs whose weights are constants: they are optimised in an order that copies weights half as often, and
  // without keeping one more copy for debugging.
  bool frozen = false;
  // Products and convolutions in bfloat16 where the graph optimiser thinks it safe.
  bool bfloat16 = false;
  // Convolutions of 3×3 with fewer multiplications, see winograd/plugin.h. For frozen graphs in float32.
  bool winograd = false;
};

// A serialised ConfigProto.
std::string SessionConfig(const SessionSettings& settings);

// To be deleted with TF_DeleteSessionOptions.
TF_SessionOptions* NewSessionOptions(const SessionSettings& settings);

}  // namespace celsiusify
