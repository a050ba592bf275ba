// Turns a loaded SavedModel's variables into constants, which TensorFlow then prepares once instead of in each run: it
// reorders weights for oneDNN, and folds what depends on them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace celsiusify {

// A loaded SavedModel and what of it is served.
struct Loaded {
  TF_Session* session;
  TF_Graph* graph;
  // Its saved_model.pb, which must outlive the call.
  std::string_view saved_model;
  // The meta graph that was loaded.
  std::string tag = "serve";
  // The folder of saved_model.pb, which holds assets/.
  std::string folder;
  // Inputs and outputs of the signatures that are served, as "node:index". All else is left out.
  std::vector<std::string> tensors;
};

// Runs as the loaded one does: operations have the same names, and may be looked up in either graph.
// To be deleted with TF_CloseSession, TF_DeleteSession and TF_DeleteGraph.
struct Frozen {
  TF_Session* session = nullptr;
  TF_Graph* graph = nullptr;
};

// Makes a second session whose variables are constants with the values of now. Its tables are initialised as at load.
// May be called on any thread, while others run the loaded session, which stays as it is. The first run of each
// signature takes long, as in any new session: do it before requests do.
//
// available: bytes of memory that may be taken on top, at most; the peak is some 2.5 times the variables' bytes, and
//   what stays once the loaded session is deleted depends on how many signatures are run: each has its own constants.
// Returns false, and why in one line that can be logged, where that is more than is available, or where a constant would
// change answers: something that is served assigns to a variable, or keeps other state.
bool Freeze(const Loaded& loaded, const TF_SessionOptions* options, uint64_t available, Frozen* frozen,
            std::string* why_not);

// The same as a saved_model.pb, for which there are no variables/: serialised, with the signatures of the loaded one.
bool FreezeToSavedModel(const Loaded& loaded, std::string* saved_model, std::string* why_not);

}  // namespace celsiusify
