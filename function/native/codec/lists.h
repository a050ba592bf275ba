// Requests of the Open Inference Protocol, version 2: the numbers in them, apart from the JSON around them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tensor-builder.h"

namespace celsiusify {

struct Lists {
  // The body's JSON, with a number in place of each list of elements that was read: its index in `elements`.
  std::string around;
  // As TensorFlow has them in memory, in order, whatever lists stood around them.
  std::vector<ElementBuffer> elements;
};

enum class ListsRead {
  kRead,
  kOther,   // JSON that is to be read in another way, or that there is something wrong with
  kNoJson,  // `*error` says what is wrong, and where
};

// Reads each `inputs[i].data` that is a list, flat or nested evenly, of elements of `inputs[i].datatype`. Strings are left
// where they are; nothing else is looked at. Where it is kRead, each `data` that is a number is one of ours.
ListsRead ReadDataLists(const char* body, size_t size, Lists* lists, std::string* error);

}  // namespace celsiusify
