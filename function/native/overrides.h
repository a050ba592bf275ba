// Read before each source file of @tensorflow/tfjs-node's binding (g++ -include), so that some of its calls reach
// overrides.cc instead of TensorFlow. The package's source stays as it is published. Each line below says why.
#pragma once

#include <node_api.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/model.h"

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/tf_tensor.h"
#include "tensorflow/core/platform/ctstring_internal.h"
#include "utils.h"

namespace celsiusify {

TFE_ContextOptions* NewContextOptions();
TF_SessionOptions* NewSessionOptions();
TF_Tensor* NewTensor(TF_DataType dtype, const int64_t* dims, int rank, void* data, size_t bytes,
                     void (*release)(void* data, size_t bytes, void* arg), void* arg);
TF_Tensor* NewStringTensor(TF_DataType dtype, const int64_t* dims, int rank, size_t bytes);
inline void LeaveString(TF_TString*) {}
std::vector<const char*> SplitNames(const std::string& names);
TF_Session* LoadSession(const TF_SessionOptions* options, const TF_Buffer* run_options, const char* folder,
                        const char* const* tags, int tag_count, TF_Graph* graph, TF_Buffer* meta_graph,
                        TF_Status* status);
void DeleteSession(TF_Session* session, TF_Status* status);
void DeleteGraph(TF_Graph* graph);
void RunSession(TF_Session* session, const TF_Buffer* run_options, const TF_Output* inputs,
                TF_Tensor* const* input_values, int input_count, const TF_Output* outputs,
                TF_Tensor** output_values, int output_count, const TF_Operation* const* targets, int target_count,
                TF_Buffer* run_metadata, TF_Status* status);
napi_value AddExports(napi_env env, napi_value exports);

// How a session runs its graph.
struct SessionKind {
  bool in_order = false;  // operations simply one after the other; see NewSessionOptions
  bool bfloat16 = false;  // oneDNN may multiply in bfloat16 where the processor does
  bool frozen = false;    // its weights are constants
  bool spread = false;    // operations are in parts for all threads of the pool; see Session
  bool winograd = false;  // convolutions with fewer multiplications; see winograd/plugin.h
};

// Loads a SavedModel's meta graph `serve`; may be called on any thread. Null where that fails, and `failure` says why.
std::shared_ptr<Session> LoadSavedModel(const std::string& folder, SessionKind kind, Failure* failure);
TF_SessionOptions* NewSessionOptions(const SessionKind& kind);
// Whether TensorFlow has no threads of its own for work inside an operation.
bool HasOneIntraOpThread();
// Whether runs use a pool of TensorFlow's own (INTER_OP_THREADS).
bool UsesOwnThreads();

// The binding's next loadSavedModel(folder) on this thread takes this session in place of loading one.
void OfferSession(const std::string& folder, std::shared_ptr<Session> session);
// The one that the binding's loadSavedModel gave last on this thread; null where there is none.
std::shared_ptr<Session> LastSession();

}  // namespace celsiusify

// The binding has no way to choose thread pools, nor an executor.
#define TFE_NewContextOptions celsiusify::NewContextOptions
#define TF_NewSessionOptions celsiusify::NewSessionOptions

// A tensor made of a typed array shares its memory with JavaScript if that happens to be 64-byte aligned: a model
// that keeps its input (a variable) would see later writes, and its release would call Node-API on any thread.
#define TF_NewTensor celsiusify::NewTensor

// The binding frees the strings of every string tensor it deletes, even if they are the model's own (an output that
// is a constant, a variable, or the input). Instead, tensors made here free what was made here, on last use.
#define TF_AllocateTensor celsiusify::NewStringTensor
#define TF_TString_Dealloc celsiusify::LeaveString

// A failed run leaks its inputs and names, a failed load its graph and tags. A session is loaded by another thread, and
// ends when the last run of it has ended.
#define splitStringByComma celsiusify::SplitNames
#define TF_LoadSessionFromSavedModel celsiusify::LoadSession
#define TF_DeleteSession celsiusify::DeleteSession
#define TF_DeleteGraph celsiusify::DeleteGraph
#define TF_SessionRun celsiusify::RunSession

// More functions for JavaScript.
#undef NAPI_MODULE
#define NAPI_MODULE(name, init) \
  NAPI_MODULE_INIT() { return celsiusify::AddExports(env, init(env, exports)); }
