#include <cstring>
#include <exception>

#include "freeze.h"
#include "owned.h"

// absl::Status as it is returned: in memory, since it has a destructor.
struct ReturnedStatus {
  uintptr_t value;
  ~ReturnedStatus() {}
};

// tensorflow::Session::Finalize() (tensorflow/core/public/session.h), which the C API lacks. Null where TensorFlow's
// library has no such function any more: then memory is not given back.
ReturnedStatus TensorFlowFinalize(void* session) __asm__("_ZN10tensorflow13DirectSession8FinalizeEv")
    __attribute__((weak));

namespace celsiusify {
namespace {

// What the first member of TF_Session is (tensorflow/c/c_api_internal.h).
void* SessionOf(TF_Session* session) { return *reinterpret_cast<void**>(session); }

// A number of a type that the tensor has not.
Owned<TF_Tensor> Unwanted(TF_DataType wanted) {
  const TF_DataType dtype = wanted == TF_BOOL ? TF_INT32 : TF_BOOL;
  Owned<TF_Tensor> tensor(TF_AllocateTensor(dtype, nullptr, 0, TF_DataTypeSize(dtype)), TF_DeleteTensor);
  std::memset(TF_TensorData(tensor.get()), 0, TF_DataTypeSize(dtype));
  return tensor;
}

// Asks for a run with inputs of the wrong types: TensorFlow makes ready for it, which takes the time and memory of a first
// run, and only then looks at the inputs and refuses.
void Prepare(TF_Session* session, TF_Graph* graph, const Endpoints& run) {
  std::vector<TF_Output> inputs, outputs;
  std::vector<Owned<TF_Tensor>> owned;
  std::vector<TF_Tensor*> values, results(run.outputs.size(), nullptr);
  for (const std::string& input : run.inputs) {
    inputs.push_back(TensorOf(graph, input));
    owned.push_back(Unwanted(TF_OperationOutputType(inputs.back())));
    values.push_back(owned.back().get());
  }
  for (const std::string& output : run.outputs) outputs.push_back(TensorOf(graph, output));
  const Status status;
  TF_SessionRun(session, nullptr, inputs.data(), values.data(), static_cast<int>(inputs.size()), outputs.data(),
                results.data(), static_cast<int>(outputs.size()), nullptr, 0, nullptr, status);
  for (TF_Tensor* result : results)
    if (result != nullptr) TF_DeleteTensor(result);
  if (std::strstr(TF_Message(status), "Expects arg[") == nullptr) status.Check("TensorFlow cannot prepare a run");
}

// The session has its own copy of what the graph says of these.
void ForgetConstants(TF_Graph* graph) {
  constexpr size_t kSmall = 1024;
  size_t position = 0;
  const Status status;
  while (TF_Operation* operation = TF_GraphNextOperation(graph, &position)) {
    if (std::strcmp(TF_OperationOpType(operation), "Const") != 0) continue;
    const Owned<TF_Buffer> value(TF_NewBuffer(), TF_DeleteBuffer);
    TF_DataType dtype;
    TF_OperationGetAttrType(operation, "dtype", &dtype, status);
    status.Check(TF_OperationName(operation));
    TF_OperationGetAttrValueProto(operation, "value", value.get(), status);
    status.Check(TF_OperationName(operation));
    if (value->length <= kSmall) continue;
    // AttrValue: a tensor (8) of dtype (1) and of shape (2) with one dimension (2) of size (1) 0
    const char empty[] = {0x42, 0x08, 0x08, static_cast<char>(dtype), 0x12, 0x04, 0x12, 0x02, 0x08, 0x00};
    const Owned<TF_Buffer> forgotten(TF_NewBufferFromString(empty, sizeof empty), TF_DeleteBuffer);
    TF_SetAttr(graph, operation, "value", forgotten.get(), status);
    status.Check(TF_OperationName(operation));
  }
}

}  // namespace

void PrepareRuns(TF_Session* session, TF_Graph* graph, const std::vector<Endpoints>& runs) {
  for (const Endpoints& run : runs) {
    try {
      if (!run.inputs.empty()) Prepare(session, graph, run);  // without inputs it could not be prepared without being run
    } catch (const std::exception&) {
      // What is wrong with it, its first run says.
    }
  }
}

bool Settle(TF_Session* session, TF_Graph* graph, const std::vector<Endpoints>& runs, std::string* why_not) {
  try {
    const Status status;
    TF_ExtendSession(session, status);  // and never again, so that the graph may be changed
    status.Check("TensorFlow does not take the graph");
    ForgetConstants(graph);
    bool has_inputs = true;
    for (const Endpoints& run : runs) {
      if (run.inputs.empty()) has_inputs = false;  // it could not be prepared without being run
      else Prepare(session, graph, run);
    }
    if (has_inputs && TensorFlowFinalize != nullptr) TensorFlowFinalize(SessionOf(session));
    return true;
  } catch (const std::exception& error) {
    *why_not = error.what();
    return false;
  }
}

}  // namespace celsiusify
