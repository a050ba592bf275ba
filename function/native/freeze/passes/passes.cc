#include "passes.h"

namespace celsiusify {

void RunPasses(Body* body) {
  PadInConvolutions(body);
  ScaleDepthwiseWeights(body);
}

}  // namespace celsiusify
