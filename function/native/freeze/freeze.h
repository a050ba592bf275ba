// Turns a loaded SavedModel's variables into constants, which TensorFlow then prepares once instead of in each run: it
// reorders weights for oneDNN, and folds what depends on them alone.
#pragma once

#include <cstdint>
#include <string>
#include <memory>
#include <string_view>
#include <vector>

#include "../session.h"
#include "tensorflow/c/c_api.h"

namespace celsiusify {

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
  // Whether the session spreads; see Session.
  bool spreads = false;
  // All runs that there will be. What they do not need is left out.
  std::vector<Endpoints> runs;
};

// Makes a second session whose variables are constants with the values of now. Its tables are initialised as at load, and
// its graph is optimised, which takes seconds; nothing that is served is run. May be called on any thread, while others
// run the loaded session, which stays as it is. Operations have the names that they have in the loaded graph, and only the
// runs of Loaded can be run, each with all of its outputs.
//
// options: of SessionSettings with `frozen`, see ../session-options.h
// available: bytes of memory that may be taken on top
//
// Returns false, and why in one line that can be logged, where it would take more than is available, or where a constant would
// change answers: something that is served assigns to a variable, or keeps other state.
bool Freeze(const Loaded& loaded, const TF_SessionOptions* options, uint64_t available,
            std::shared_ptr<Session>* frozen, std::string* why_not);

// The same as a saved_model.pb, for which there are no variables/: serialised, with the signatures of the loaded one.
bool FreezeToSavedModel(const Loaded& loaded, std::string* saved_model, std::string* why_not);

// Prepares a session for these runs without running them, and gives back the memory that is needed for no others: copies
// of the graph, and so of its constants. Freeze() does so itself; a model that was frozen beforehand wants it once it is
// loaded. Returns false, and why, where a graph cannot be prepared; the session can be run all the same.
bool Settle(Session* session, const std::vector<Endpoints>& runs, std::string* why_not);

}  // namespace celsiusify
