#include "vector-run.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace celsiusify {
namespace {

thread_local TF_Session* last_session = nullptr;
thread_local TF_Graph* last_graph = nullptr;

// The binding's own way to an answer looks up operations by name, and makes and deletes a handle per tensor, in four
// calls: for one number that costs more than TensorFlow's own work. Here all is looked up once.
struct VectorRun {
  TF_Session* session;
  TF_Output input;
  TF_Output output;
  TF_Status* status;
  float* in;
  float* out;
  size_t capacity;
  napi_ref buffers[2];
};

void Delete(napi_env env, void* data, void*) {
  VectorRun* run = static_cast<VectorRun*>(data);
  TF_DeleteStatus(run->status);
  for (napi_ref buffer : run->buffers) napi_delete_reference(env, buffer);
  delete run;
}

napi_value Throw(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

// "name:index", as signatures name tensors.
bool FindOutput(TF_Graph* graph, const std::string& tensor, TF_Output* found) {
  const size_t colon = tensor.rfind(':');
  found->oper = TF_GraphOperationByName(graph, tensor.substr(0, colon).c_str());
  found->index = colon == std::string::npos ? 0 : std::atoi(tensor.c_str() + colon + 1);
  return found->oper != nullptr && found->index < TF_OperationNumOutputs(found->oper);
}

bool GetString(napi_env env, napi_value value, std::string* text) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text->resize(length + 1);
  napi_get_value_string_utf8(env, value, &(*text)[0], length + 1, &length);
  text->resize(length);
  return true;
}

bool GetFloats(napi_env env, napi_value value, float** data, size_t* length) {
  napi_typedarray_type type;
  void* memory = nullptr;
  if (napi_get_typedarray_info(env, value, &type, length, &memory, nullptr, nullptr) != napi_ok) return false;
  *data = static_cast<float*>(memory);
  return type == napi_float32_array;
}

napi_value PrepareVectorRun(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value argv[4];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  std::string input, output;
  float *in, *out;
  size_t in_length, out_length;
  if (argc < 4 || !GetString(env, argv[0], &input) || !GetString(env, argv[1], &output) ||
      !GetFloats(env, argv[2], &in, &in_length) || !GetFloats(env, argv[3], &out, &out_length) ||
      in_length != out_length) {
    return Throw(env, "prepareVectorRun(input: string, output: string, in: Float32Array, out: Float32Array)");
  }
  if (last_session == nullptr) return Throw(env, "prepareVectorRun: no model is loaded");
  VectorRun* run = new VectorRun{last_session, {}, {}, TF_NewStatus(), in, out, in_length, {}};
  if (!FindOutput(last_graph, input, &run->input) || !FindOutput(last_graph, output, &run->output)) {
    TF_DeleteStatus(run->status);
    delete run;
    return Throw(env, "prepareVectorRun: the graph has no such tensor");
  }
  napi_create_reference(env, argv[2], 1, &run->buffers[0]);
  napi_create_reference(env, argv[3], 1, &run->buffers[1]);
  napi_value external;
  napi_create_external(env, run, Delete, nullptr, &external);
  return external;
}

napi_value RunVector(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  void* data = nullptr;
  uint32_t count = 0;
  if (argc < 2 || napi_get_value_external(env, argv[0], &data) != napi_ok ||
      napi_get_value_uint32(env, argv[1], &count) != napi_ok || count > static_cast<VectorRun*>(data)->capacity) {
    return Throw(env, "runVector(run, count: number up to the buffers' length)");
  }
  VectorRun* run = static_cast<VectorRun*>(data);
  const int64_t dim = count;
  TF_Tensor* in = TF_AllocateTensor(TF_FLOAT, &dim, 1, count * sizeof(float));
  std::memcpy(TF_TensorData(in), run->in, count * sizeof(float));
  TF_Tensor* out = nullptr;
  TF_SessionRun(run->session, nullptr, &run->input, &in, 1, &run->output, &out, 1, nullptr, 0, nullptr, run->status);
  TF_DeleteTensor(in);
  if (TF_GetCode(run->status) != TF_OK) return Throw(env, TF_Message(run->status));
  int32_t rows = -1;
  if (TF_TensorType(out) == TF_FLOAT && TF_NumDims(out) == 1 &&
      static_cast<size_t>(TF_Dim(out, 0)) <= run->capacity) {
    rows = static_cast<int32_t>(TF_Dim(out, 0));
    std::memcpy(run->out, TF_TensorData(out), rows * sizeof(float));
  }
  TF_DeleteTensor(out);
  napi_value result;
  napi_create_int32(env, rows, &result);
  return result;
}

}  // namespace

void RememberSession(TF_Session* session, TF_Graph* graph) {
  last_session = session;
  last_graph = graph;
}

void AddVectorRun(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"prepareVectorRun", nullptr, PrepareVectorRun, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"runVector", nullptr, RunVector, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}

}  // namespace celsiusify
