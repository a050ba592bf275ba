#include "passes.h"

namespace celsiusify {

void RunPasses(Body* body) {
  PadInConvolutions(body);
  FoldIntoConvolutions(body);
}

}  // namespace celsiusify
