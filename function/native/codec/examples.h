// TensorFlow Serving's `:classify` and `:regress`: examples as JSON to serialized ones (tensorflow/core/example), which
// the model parses itself, and what it says of each to JSON. Thread-safe; keeps no state.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decode.h"
#include "signature.h"
#include "tensorflow/c/tf_tensor.h"

namespace celsiusify {

enum class Task { kClassify, kRegress };

// Reads {"examples": [{…}, …], "context": {…}, "signature_name": "…"} to one tensor of strings: the examples, at least
// one, each with the context's features before its own. Of a feature that is there twice the last counts. Numbers with a
// point or an exponent, and those beyond 64 bits, are float32, others and bools int64, strings and {"b64": "…"} bytes; a
// list has one kind of them, and an empty one counts as none. Copies of the context take no more than 16 MiB, or 8 times
// the body where that is more.
//
// False: as for DecodePredict.
bool DecodeExamples(const char* body, size_t size, const std::vector<Signature>& signatures, Task task, Decoded* out,
                    std::string* error);

// Appends {"results": …}: for each of `count` examples a list of pairs [label, score] ("" and 0 where the model gives
// none), or one number.
//
// False, as for EncodePredict, also where an output is of another dtype or shape.
bool EncodeResults(const Signature& signature, Task task, int64_t count, TF_Tensor* const* outputs, std::string* text,
                   std::string* error);

}  // namespace celsiusify
