// One request to a model on its way from bytes to bytes. A call is used by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model.h"

namespace celsiusify {

// What a call was read from, and is written as: `:predict`, `:classify` or `:regress` in JSON, or a FieldFormat of the
// model (from kFields on, by its index), or none of these: tensors.
constexpr int kPredict = 0, kClassify = 1, kRegress = 2, kFields = 3;
constexpr int kTensors = -1;

struct Call {
  std::shared_ptr<const Model> model;
  int format = kPredict;
  int signature = -1;
  bool rows_asked = false;  // "instances", so that "predictions" are wanted
  bool scalar = false;      // a field that held one number, not a list
  std::vector<TensorPtr> inputs, outputs;
  int64_t rows = 0;  // that inputs share; 0 where they share none, or hold none: such a call runs alone
  uint64_t key = 0;  // calls of one key can be laid end to end
  size_t bytes = 0;  // of the inputs
  std::string text;  // the answer
  // Of tensors: which outputs are to be written as one flat list, and the lists; '' for one that cannot be.
  std::vector<uint32_t> printed;
  std::vector<std::string> lists;
  Failure failure;

  // As new, but for the memory that it has.
  void Reset();
  // Reads a body. False: failure says why.
  bool Decode(const char* body, size_t size);
  // What is known once there are inputs.
  void Measure();
  // Runs it alone, in the calling thread, and others that help. False: failure says why.
  bool Run(Helpers* helpers = nullptr);
  // Writes `text`. False: failure says why.
  bool Encode();

 private:
  bool DecodeAs(const char* body, size_t size);
  bool EncodeAs();
  void EncodeLists();
  // Of a format from kFields on.
  const FieldFormat& field_format() const { return model->fields[format - kFields]; }
};

// Runs calls of one key in one run of `rows` rows (at least theirs; more are padding, which is cut off again), in the
// calling thread. False where that cannot be, or went wrong: then nothing is known of any of them, and each is to be run
// alone, since one row that the graph refuses must not fail its neighbours.
bool RunTogether(const std::vector<Call*>& calls, int64_t rows, Helpers* helpers = nullptr);

}  // namespace celsiusify
