#pragma once

#include <cstdint>

#include "tensorflow/c/tf_tensor.h"

// Tensors made and not deleted yet.
int64_t TensorsAlive();
