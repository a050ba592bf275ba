// What overrides.h puts in the place of TensorFlow's C API when the binding is compiled.
#include "overrides.h"

#include "codec/glue.h"
#include "engine/engine.h"
#include "engine/graph-file.h"
#include "engine/tensors.h"
#include "listener.h"
#include "receiver.h"
#include "session-options.h"
#include "winograd/glue.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#undef TFE_NewContextOptions
#undef TF_NewSessionOptions
#undef TF_NewTensor
#undef TF_AllocateTensor
#undef TF_TString_Dealloc
#undef splitStringByComma
#undef TF_LoadSessionFromSavedModel
#undef TF_DeleteSession
#undef TF_DeleteGraph
#undef TF_SessionRun

namespace celsiusify {
namespace {

// Names that SplitNames allocated and that nobody has freed yet. The binding frees them after a call that went well.
thread_local std::vector<const char*> names_in_use;

void FreeNames() {
  for (const char* name : names_in_use) ::operator delete(const_cast<char*>(name));
  names_in_use.clear();
}

int32_t ThreadsFromEnv(const char* name, int32_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? static_cast<int32_t>(std::strtol(text, nullptr, 10)) : otherwise;
}

// What the binding has by a bare pointer.
thread_local std::map<TF_Session*, std::shared_ptr<Session>> sessions;
thread_local std::shared_ptr<Session> last_session;
// Graphs that end with their sessions, not when the binding deletes them.
thread_local std::set<TF_Graph*> graphs_of_sessions;

struct Offer {
  std::string folder;
  std::shared_ptr<Session> session;
};
thread_local Offer offer;

// Whether a graph is so large that it is weights for the most part, as where a model was frozen beforehand.
bool HoldsWeights(const std::string& folder) {
  constexpr size_t kLarge = 4 << 20;
  return GraphFileSize(folder) > kLarge;
}

TF_Session* Keep(std::shared_ptr<Session> session) {
  TF_Session* const bare = session->get();
  last_session = session;
  sessions[bare] = std::move(session);
  return bare;
}

}  // namespace

// Sessions of one process share the pool for work inside an op, and the first context made sizes it: that is the
// binding's eager context, which itself runs nothing, so that one thread is enough for its own pool.
TFE_ContextOptions* NewContextOptions() {
  TFE_ContextOptions* options = TFE_NewContextOptions();
  SessionSettings settings;
  settings.intra_op = ThreadsFromEnv("CELSIUSIFY_INTRA_OP", 1);
  settings.inter_op = 1;
  const std::string config = SessionConfig(settings);
  TF_Status* status = TF_NewStatus();
  TFE_ContextOptionsSetConfig(options, config.data(), config.size(), status);
  TF_DeleteStatus(status);
  return options;
}

TF_SessionOptions* NewSessionOptions(const SessionKind& kind) {
  SessionSettings settings;
  settings.intra_op = ThreadsFromEnv("CELSIUSIFY_INTRA_OP", 1);
  settings.inter_op = ThreadsFromEnv("CELSIUSIFY_INTER_OP", -1);
  settings.in_order = kind.in_order;
  settings.bfloat16 = kind.bfloat16;
  settings.frozen = kind.frozen;
  settings.winograd = kind.winograd;
  return NewSessionOptions(settings);
}

bool HasOneIntraOpThread() { return ThreadsFromEnv("CELSIUSIFY_INTRA_OP", 1) == 1; }
bool UsesOwnThreads() { return ThreadsFromEnv("CELSIUSIFY_INTER_OP", -1) >= 0; }

TF_SessionOptions* NewSessionOptions() { return NewSessionOptions(SessionKind()); }

TF_Tensor* NewTensor(TF_DataType dtype, const int64_t* dims, int rank, void* data, size_t bytes,
                     void (*release)(void*, size_t, void*), void* arg) {
  TF_Tensor* tensor = TF_AllocateTensor(dtype, dims, rank, bytes);
  if (bytes > 0) std::memcpy(TF_TensorData(tensor), data, bytes);
  release(data, bytes, arg);
  return tensor;
}

// The binding asks for as many strings as the array has; the shape may want more.
TF_Tensor* NewStringTensor(TF_DataType, const int64_t* dims, int rank, size_t) {
  return NewStringTensor(dims, rank).release();
}

std::vector<const char*> SplitNames(const std::string& names) {
  std::vector<const char*> split;
  for (size_t start = 0; start < names.size();) {
    size_t end = names.find(',', start);
    if (end == std::string::npos) end = names.size();
    if (end > start) {
      char* name = static_cast<char*>(::operator new(end - start + 1));
      std::memcpy(name, names.data() + start, end - start);
      name[end - start] = '\0';
      split.push_back(name);
      names_in_use.push_back(name);
    }
    start = end + 1;
  }
  return split;
}

TF_Session* LoadSession(const TF_SessionOptions* options, const TF_Buffer* run_options, const char* folder,
                        const char* const* tags, int tag_count, TF_Graph* graph, TF_Buffer* meta_graph,
                        TF_Status* status) {
  if (offer.session != nullptr && offer.folder == folder) {
    names_in_use.clear();
    return Keep(std::exchange(offer.session, nullptr));  // it has its own graph; the binding keeps an empty one
  }
  TF_Session* session = TF_LoadSessionFromSavedModel(options, run_options, folder, tags, tag_count, graph,
                                                     meta_graph, status);
  if (TF_GetCode(status) != TF_OK) {
    TF_DeleteGraph(graph);
    FreeNames();
    return session;
  }
  names_in_use.clear();
  graphs_of_sessions.insert(graph);
  return Keep(std::make_shared<Session>(session, graph, false));
}

void DeleteSession(TF_Session* session, TF_Status*) {
  if (last_session != nullptr && last_session->get() == session) last_session = nullptr;
  sessions.erase(session);
}

void DeleteGraph(TF_Graph* graph) {
  if (graphs_of_sessions.erase(graph) == 0) TF_DeleteGraph(graph);
}

std::shared_ptr<Session> LoadSavedModel(const std::string& folder, SessionKind kind, Failure* failure) {
  if (HoldsWeights(folder)) kind.frozen = true;
  TF_SessionOptions* const options = NewSessionOptions(kind);
  TF_Graph* const graph = TF_NewGraph();
  TF_Status* const status = TF_NewStatus();
  const char* const tags[] = {"serve"};
  TF_Session* const session =
      TF_LoadSessionFromSavedModel(options, nullptr, folder.c_str(), tags, 1, graph, nullptr, status);
  *failure = {TF_GetCode(status), TF_Message(status)};
  TF_DeleteStatus(status);
  TF_DeleteSessionOptions(options);
  if (failure->code == TF_OK) return std::make_shared<Session>(session, graph, kind.spread);
  TF_DeleteGraph(graph);
  return nullptr;
}

void OfferSession(const std::string& folder, std::shared_ptr<Session> session) {
  offer = {folder, std::move(session)};
}

std::shared_ptr<Session> LastSession() { return last_session; }

void RunSession(TF_Session* session, const TF_Buffer* run_options, const TF_Output* inputs,
                TF_Tensor* const* input_values, int input_count, const TF_Output* outputs,
                TF_Tensor** output_values, int output_count, const TF_Operation* const* targets, int target_count,
                TF_Buffer* run_metadata, TF_Status* status) {
  TF_SessionRun(session, run_options, inputs, input_values, input_count, outputs, output_values, output_count,
                targets, target_count, run_metadata, status);
  if (TF_GetCode(status) == TF_OK) {
    names_in_use.clear();
  } else {
    for (int i = 0; i < input_count; ++i) TF_DeleteTensor(input_values[i]);
    FreeNames();
  }
}

napi_value AddExports(napi_env env, napi_value exports) {
  AddCodec(env, exports);
  AddEngine(env, exports);
  winograd::AddConvolve(env, exports);
  AddListener(env, exports);
  AddReceiver(env, exports);
  return exports;
}

}  // namespace celsiusify
