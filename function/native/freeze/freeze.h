// Turns a loaded SavedModel's variables into constants, which TensorFlow then prepares once instead of in each run: it
// reorders weights for oneDNN, and folds what depends on them alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace celsiusify {

// One run's tensors, as "node:index".
struct Endpoints {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

// A loaded SavedModel and what of it is served.
struct Loaded {
  TF_Session* session;
  TF_Graph* graph;
  // Its saved_model.pb, which must outlive the call.
  std::string_view saved_model;
  // Of the meta graph that was loaded.
  std::string tag = "serve";
  // The folder of saved_model.pb, which holds assets/.
  std::string folder;
  // All runs that there will be. What they do not need is left out.
  std::vector<Endpoints> runs;
};

// Operations have the names that they have in the loaded graph, and only the runs of Loaded can be run, each with all of
// its outputs. To be deleted with TF_CloseSession, TF_DeleteSession and TF_DeleteGraph.
struct Frozen {
  TF_Session* session = nullptr;
  TF_Graph* graph = nullptr;
};

// Makes a second session whose variables are constants with the values of now. Its tables are initialised as at load, and
// its graph is optimised, which takes seconds; nothing that is served is run. May be called on any thread, while others
// run the loaded session, which stays as it is.
//
// options: of SessionSettings with `frozen`, see ../session-options.h
// available: bytes of memory that may be taken on top, see BytesToFreeze()
//
// Returns false, and why in one line that can be logged, where that is more than is available, or where a constant would
// change answers: something that is served assigns to a variable, or keeps other state.
bool Freeze(const Loaded& loaded, const TF_SessionOptions* options, uint64_t available, Frozen* frozen,
            std::string* why_not);

// What Freeze() takes at its peak (measured: 6 to 7.6 times the variables, most of it in TensorFlow's graph optimiser), where variables have so many bytes, with the loaded session still there.
uint64_t BytesToFreeze(uint64_t variables);

// The same as a saved_model.pb, for which there are no variables/: serialised, with the signatures of the loaded one.
bool FreezeToSavedModel(const Loaded& loaded, std::string* saved_model, std::string* why_not);

// Optimises a session's graph for these runs without running them, so that their first run is not the one that takes the
// time. May be called on any thread.
void PrepareRuns(TF_Session* session, TF_Graph* graph, const std::vector<Endpoints>& runs);

// The same, and gives back the memory that is needed for no
// others: copies of the graph, and so of its constants. Freeze() does so itself; a model that was frozen beforehand wants
// it once it is loaded. Returns false, and why, where a graph cannot be prepared; the session can be run all the same.
bool Settle(TF_Session* session, TF_Graph* graph, const std::vector<Endpoints>& runs, std::string* why_not);

}  // namespace celsiusify
