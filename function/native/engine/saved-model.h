// What is to be known of a SavedModel before TensorFlow loads it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace celsiusify {

struct SavedModelInfo {
  std::string file;                     // the name of what was read
  std::string saved_model;              // serialised, with the MetaGraphDef tagged `serve` alone, without its graph
  std::string operations;               // types of all operations, those in functions too: "Add,MatMul"
  std::vector<std::string> reachable;   // for each signature, in saved_model's order: types of what a call of it runs
  std::vector<size_t> equal;            // for each signature the index of the first that computes the same
  uint64_t graph_bytes = 0;     // of saved_model.pb, its constants' among them
  uint64_t constant_bytes = 0;  // of large constants in it: weights, where a model was frozen beforehand
  uint64_t variable_bytes = 0;  // of variables/
};

enum class ReadError { kNone, kMissing, kUnreadable, kDamaged, kUntagged };

// Reads the graph's file in `folder` (graph-file.h), of a saved_model.pb without a copy of the graph. `why` is what the
// system or the reader said, or which tags there are in place of `serve`.
ReadError ReadSavedModel(const std::string& folder, SavedModelInfo* info, std::string* why);

}  // namespace celsiusify
