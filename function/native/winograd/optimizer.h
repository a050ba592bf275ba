#pragma once

#include <string>
#include <string_view>

namespace celsiusify::winograd {

// A serialised GraphDef with the operation (plugin.h) in place of each convolution that suits the kernel of this CPU: 3×3 with stride 1,
// `SAME` padding, channels last and a constant of float32 as its filters, alone or with the bias and the activation that
// TensorFlow's optimiser has put into it. Empty where there is none. Throws std::runtime_error where the bytes are no GraphDef.
std::string WithOperation(std::string_view graph_def);

// Tells TensorFlow of it. Once for a process.
void RegisterOptimizer();

}  // namespace celsiusify::winograd
