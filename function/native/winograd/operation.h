#pragma once

namespace celsiusify::winograd {

// Tells TensorFlow of the operation (plugin.h) and its kernel. Once for a process.
void RegisterOperation();

}  // namespace celsiusify::winograd
