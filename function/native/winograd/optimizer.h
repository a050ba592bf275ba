#pragma once

#include <string_view>
#include <vector>

#include "../freeze/graph.h"

namespace celsiusify::winograd {

// A serialised GraphDef in pieces, one after the other: views into what it was, and what was written anew.
struct Changed {
  std::vector<std::string_view> pieces;
  Arena written;
};

// The graph with the operation (plugin.h) in place of each convolution that suits the kernel of this CPU: 3×3 with stride 1,
// `SAME` padding, channels last and a constant of float32 as its filters, alone or with the bias and the activation that
// TensorFlow's optimiser has put into it. No pieces where there is none. Throws std::runtime_error where the bytes are no GraphDef.
Changed WithOperation(std::string_view graph_def);

// Tells TensorFlow of it. Once for a process.
void RegisterOptimizer();

}  // namespace celsiusify::winograd
