// Finds signatures that compute the same, so that one prepared run, with its constants, serves them all: Keras exports each
// model as `serve` and as `serving_default`.
#pragma once

#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../freeze/graph.h"

namespace celsiusify {

// Fields by their keys: the graph's names of their tensors.
struct SignatureTensors {
  std::map<std::string_view, std::string_view> inputs, outputs;
};

// For each signature the index of the first that gives the same for the same inputs, by the same keys: the same operations
// on the same variables, whatever nodes and functions are called. Its own where there is none, or where it is not certain.
std::vector<size_t> EqualSignatures(const Graph& graph, const std::vector<SignatureTensors>& signatures);

}  // namespace celsiusify
