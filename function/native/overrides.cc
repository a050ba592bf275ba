// What overrides.h puts in the place of TensorFlow's C API when the binding is compiled.
#include "overrides.h"

#include "codec/glue.h"
#include "codec/tensor-builder.h"
#include "numbers.h"
#include "pages.h"
#include "vector-run.h"

#include <cstdlib>
#include <cstring>
#include <new>

#undef TFE_NewContextOptions
#undef TF_NewSessionOptions
#undef TF_NewTensor
#undef TF_AllocateTensor
#undef TF_TString_Dealloc
#undef splitStringByComma
#undef TF_LoadSessionFromSavedModel
#undef TF_SessionRun

namespace celsiusify {
namespace {

// Names that SplitNames allocated and that nobody has freed yet. The binding frees them after a call that went well.
thread_local std::vector<const char*> names_in_use;

// Whether the next sessions are made for graphs that one thread can run, node after node.
thread_local bool in_order = false;

void FreeNames() {
  for (const char* name : names_in_use) ::operator delete(const_cast<char*>(name));
  names_in_use.clear();
}

// Protobuf's wire format: seven bits a byte, the lowest first.
void AppendVarint(std::string* message, uint64_t value) {
  for (; value > 0x7f; value >>= 7) message->push_back(static_cast<char>(value | 0x80));
  message->push_back(static_cast<char>(value));
}

// An int32 sign-extends to 64 bits.
void AppendInt32(std::string* message, int field, int32_t value) {
  AppendVarint(message, field << 3);
  AppendVarint(message, static_cast<uint64_t>(static_cast<int64_t>(value)));
}

// A string or a message.
void AppendBytes(std::string* message, int field, const std::string& bytes) {
  AppendVarint(message, field << 3 | 2);
  AppendVarint(message, bytes.size());
  message->append(bytes);
}

int32_t ThreadsFromEnv(const char* name, int32_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? static_cast<int32_t>(std::strtol(text, nullptr, 10)) : otherwise;
}

// tensorflow.ConfigProto: intra_op_parallelism_threads = 2, inter_op_parallelism_threads = 5
// (tensorflow/core/protobuf/config.proto).
std::string ThreadConfig(int32_t inter_op) {
  std::string config;
  AppendInt32(&config, 2, ThreadsFromEnv("CELSIUSIFY_INTRA_OP", 1));
  AppendInt32(&config, 5, inter_op);
  return config;
}

napi_value SetInOrder(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value value;
  napi_get_cb_info(env, info, &argc, &value, nullptr, nullptr);
  if (argc < 1 || napi_get_value_bool(env, value, &in_order) != napi_ok)
    napi_throw_error(env, nullptr, "setInOrder(inOrder: boolean)");
  return nullptr;
}

}  // namespace

// Sessions of one process share the pool for work inside an op, and the first context made sizes it: that is the
// binding's eager context, which itself runs nothing, so that one thread is enough for its own pool.
TFE_ContextOptions* NewContextOptions() {
  TFE_ContextOptions* options = TFE_NewContextOptions();
  const std::string config = ThreadConfig(1);
  TF_Status* status = TF_NewStatus();
  TFE_ContextOptionsSetConfig(options, config.data(), config.size(), status);
  TF_DeleteStatus(status);
  return options;
}

// -1: a run happens in the thread that asks for it, rather than being handed to a pool and waited for. TensorFlow's
// executor for that case does without the other's bookkeeping (which operations are ready, in which frame and iteration):
// tensorflow.ConfigProto: experimental = 16, in it executor_type = 3.
TF_SessionOptions* NewSessionOptions() {
  TF_SessionOptions* options = TF_NewSessionOptions();
  const int32_t inter_op = ThreadsFromEnv("CELSIUSIFY_INTER_OP", -1);
  std::string config = ThreadConfig(inter_op);
  if (in_order && inter_op == -1) {
    std::string experimental;
    AppendBytes(&experimental, 3, "SINGLE_THREADED_EXECUTOR");
    AppendBytes(&config, 16, experimental);
  }
  TF_Status* status = TF_NewStatus();
  TF_SetConfig(options, config.data(), config.size(), status);
  TF_DeleteStatus(status);
  return options;
}

TF_Tensor* NewTensor(TF_DataType dtype, const int64_t* dims, int rank, void* data, size_t bytes,
                     void (*release)(void*, size_t, void*), void* arg) {
  TF_Tensor* tensor = TF_AllocateTensor(dtype, dims, rank, bytes);
  if (bytes > 0) std::memcpy(TF_TensorData(tensor), data, bytes);
  release(data, bytes, arg);
  return tensor;
}

// The binding asks for as many strings as the array has; the shape may want more. All start empty (zero bytes).
TF_Tensor* NewStringTensor(TF_DataType dtype, const int64_t* dims, int rank, size_t bytes) {
  return AllocateStrings(dtype, dims, rank, bytes);
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
  TF_Session* session = TF_LoadSessionFromSavedModel(options, run_options, folder, tags, tag_count, graph,
                                                     meta_graph, status);
  if (TF_GetCode(status) == TF_OK) {
    names_in_use.clear();
    RememberSession(session, graph);
  } else {
    TF_DeleteGraph(graph);
    FreeNames();
  }
  return session;
}

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
  AddNumbers(env, exports);
  AddCodec(env, exports);
  AddVectorRun(env, exports);
  AddPages(env, exports);
  napi_value function;
  napi_create_function(env, "setInOrder", NAPI_AUTO_LENGTH, SetInOrder, nullptr, &function);
  napi_set_named_property(env, exports, "setInOrder", function);
  return exports;
}

}  // namespace celsiusify
