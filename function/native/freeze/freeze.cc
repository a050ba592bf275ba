#include "freeze.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>

#include "owned.h"
#include "plan.h"

namespace celsiusify {
namespace {

constexpr uint64_t kMegabyte = 1000000;
constexpr uint64_t kProtobufLimit = (uint64_t{1} << 31) - 1;

// What a variable holds, and its name.
struct Value {
  std::string name;
  Owned<TF_Tensor> tensor;
};

// A node that reads the variable: one of the graph's own, or a new one, which other runs do not mind.
TF_Output ReaderOf(TF_Graph* graph, const std::string& variable) {
  const TF_Output handle = TensorOf(graph, variable);
  std::vector<TF_Input> consumers(TF_OperationOutputNumConsumers(handle));
  TF_OperationOutputConsumers(handle, consumers.data(), static_cast<int>(consumers.size()));
  for (const TF_Input& consumer : consumers)
    if (std::strcmp(TF_OperationOpType(consumer.oper), "ReadVariableOp") == 0) return {consumer.oper, 0};
  const Status status;
  TF_DataType dtype;
  TF_OperationGetAttrType(handle.oper, "dtype", &dtype, status);
  status.Check(variable);
  TF_OperationDescription* description =
      TF_NewOperation(graph, "ReadVariableOp", (variable + "/read_to_freeze").c_str());
  TF_AddInput(description, handle);
  TF_SetAttrType(description, "dtype", dtype);
  TF_Operation* reader = TF_FinishOperation(description, status);
  status.Check(variable);
  return {reader, 0};
}

// All in one run. The tensors share the variables' memory, where these are not strings.
std::vector<Value> ReadValues(const Loaded& loaded, const std::vector<std::string>& variables) {
  std::vector<TF_Output> readers;
  for (const std::string& variable : variables) readers.push_back(ReaderOf(loaded.graph, variable));
  std::vector<TF_Tensor*> tensors(variables.size(), nullptr);
  const Status status;
  TF_SessionRun(loaded.session, nullptr, nullptr, nullptr, 0, readers.data(), tensors.data(),
                static_cast<int>(tensors.size()), nullptr, 0, nullptr, status);
  std::vector<Value> values;
  for (size_t i = 0; i < tensors.size(); ++i) values.push_back({variables[i], {tensors[i], TF_DeleteTensor}});
  status.Check("its variables cannot be read");
  return values;
}

// By their shapes, as far as the graph says them: reading values has TensorFlow copy the graph, which takes memory itself.
uint64_t BytesBeforeReading(TF_Graph* graph, const std::vector<std::string>& variables) {
  uint64_t bytes = 0;
  for (const std::string& variable : variables) {
    TF_Operation* const operation = TensorOf(graph, variable).oper;
    const Status status;
    TF_DataType dtype = TF_FLOAT;
    TF_OperationGetAttrType(operation, "dtype", &dtype, status);
    const TF_AttrMetadata shape = TF_OperationGetAttrMetadata(operation, "shape", status);
    if (TF_GetCode(status) != TF_OK || shape.total_size < 0) continue;  // of unknown rank
    std::vector<int64_t> dims(shape.total_size);
    TF_OperationGetAttrShape(operation, "shape", dims.data(), static_cast<int>(dims.size()), status);
    uint64_t size = TF_DataTypeSize(dtype);
    for (int64_t dim : dims) size *= static_cast<uint64_t>(std::max<int64_t>(dim, 0));
    bytes += size;
  }
  return bytes;
}

uint64_t BytesOf(const std::vector<Value>& values) {
  uint64_t bytes = 0;
  for (const Value& value : values) bytes += TF_TensorByteSize(value.tensor.get());
  return bytes;
}

TF_Operation* AddConstant(TF_Graph* graph, const Value& value) {
  const Status status;
  TF_OperationDescription* description = TF_NewOperation(graph, "Const", value.name.c_str());
  TF_SetAttrType(description, "dtype", TF_TensorType(value.tensor.get()));
  TF_SetAttrTensor(description, "value", value.tensor.get(), status);
  TF_Operation* constant = TF_FinishOperation(description, status);
  status.Check("variable \"" + value.name + "\" cannot be a constant");
  return constant;
}

// The constants go into the graph one by one, and the rest refers to them: a GraphDef of all would hold each weight
// twice more while it is read.
Owned<TF_Graph> MakeGraph(const Plan& plan, const std::vector<Value>& values) {
  Owned<TF_Graph> graph(TF_NewGraph(), TF_DeleteGraph);
  const Owned<TF_ImportGraphDefOptions> options(TF_NewImportGraphDefOptions(), TF_DeleteImportGraphDefOptions);
  for (const Value& value : values) {
    const TF_Output constant = {AddConstant(graph.get(), value), 0};
    TF_ImportGraphDefOptionsAddInputMapping(options.get(), value.name.c_str(), 0, constant);
  }
  const Owned<TF_Buffer> buffer(TF_NewBufferFromString(plan.graph_def.data(), plan.graph_def.size()), TF_DeleteBuffer);
  const Status status;
  TF_GraphImportGraphDef(graph.get(), buffer.get(), options.get(), status);
  status.Check("TensorFlow does not take the frozen graph");
  return graph;
}

Owned<TF_Tensor> StringTensor(const std::string& text) {
  TF_TString* string = new TF_TString;
  TF_TString_Init(string);
  TF_TString_Copy(string, text.data(), text.size());
  const auto release = [](void* data, size_t, void*) {
    TF_TString_Dealloc(static_cast<TF_TString*>(data));
    delete static_cast<TF_TString*>(data);
  };
  return {TF_NewTensor(TF_STRING, nullptr, 0, string, sizeof(TF_TString), release, nullptr), TF_DeleteTensor};
}

// Fills tables, as a load does.
void RunInitOp(const Plan& plan, const Loaded& loaded, TF_Session* session, TF_Graph* graph) {
  if (plan.init_op.empty()) return;
  std::vector<TF_Output> inputs;
  std::vector<Owned<TF_Tensor>> owned;
  std::vector<TF_Tensor*> names;
  for (const auto& [tensor, file] : plan.assets) {
    inputs.push_back(TensorOf(graph, tensor));
    owned.push_back(StringTensor(loaded.folder + "/assets/" + file));
    names.push_back(owned.back().get());
  }
  const TF_Operation* init_op = TensorOf(graph, plan.init_op).oper;
  const Status status;
  TF_SessionRun(session, nullptr, inputs.data(), names.data(), static_cast<int>(names.size()), nullptr, nullptr, 0,
                &init_op, 1, nullptr, status);
  status.Check("its tables cannot be initialised");
}

// Turns whatever is thrown into words.
bool Try(std::string* why_not, const std::function<void()>& act) {
  try {
    act();
    return true;
  } catch (const std::exception& error) {
    *why_not = error.what();
    return false;
  }
}

Plan PlanOf(const Loaded& loaded) {
  std::vector<std::string> tensors;
  for (const Endpoints& run : loaded.runs) {
    tensors.insert(tensors.end(), run.inputs.begin(), run.inputs.end());
    tensors.insert(tensors.end(), run.outputs.begin(), run.outputs.end());
  }
  return PlanFreeze(loaded.saved_model, loaded.tag, tensors);
}

std::string Megabytes(uint64_t bytes) { return std::to_string((bytes + kMegabyte - 1) / kMegabyte) + " MB"; }

// Measured: 6 to 7.6 times the variables, and 40 to 70 times the graph, most of it in TensorFlow's graph optimiser.
uint64_t BytesToFreeze(uint64_t variables, uint64_t graph) { return 16 * kMegabyte + 8 * variables + 80 * graph; }

void CheckRoom(uint64_t variables, uint64_t graph, uint64_t available) {
  const uint64_t needed = BytesToFreeze(variables, graph);
  if (needed > available)
    throw Refusal("that takes " + Megabytes(needed) + " of memory for a while, and " + Megabytes(available) + " are left");
}

}  // namespace

bool Freeze(const Loaded& loaded, const TF_SessionOptions* options, uint64_t available,
            std::shared_ptr<Session>* frozen, std::string* why_not) {
  return Try(why_not, [&] {
    CheckRoom(0, loaded.saved_model.size(), available);
    const Plan plan = PlanOf(loaded);
    CheckRoom(BytesBeforeReading(loaded.graph, plan.variables), plan.graph_def.size(), available);
    std::vector<Value> values = ReadValues(loaded, plan.variables);
    const uint64_t bytes = BytesOf(values);
    if (bytes > kProtobufLimit) throw Refusal("its variables have " + Megabytes(bytes) + ", over 2 GB");
    CheckRoom(bytes, plan.graph_def.size(), available);
    Owned<TF_Graph> graph = MakeGraph(plan, values);
    const Status status;
    TF_Session* const bare = TF_NewSession(graph.get(), options, status);
    status.Check("TensorFlow does not make a session");
    const auto session = std::make_shared<Session>(bare, graph.release(), loaded.spreads);
    values.clear();
    RunInitOp(plan, loaded, session->get(), session->graph());
    std::string problem;
    if (!Settle(session.get(), loaded.runs, &problem)) throw Refusal(problem);
    *frozen = session;
  });
}

bool FreezeToSavedModel(const Loaded& loaded, std::string* saved_model, std::string* why_not) {
  return Try(why_not, [&] {
    const Plan plan = PlanOf(loaded);
    const std::vector<Value> values = ReadValues(loaded, plan.variables);
    const uint64_t bytes = BytesOf(values) + plan.graph_def.size();
    if (bytes > kProtobufLimit) throw Refusal("its graph would have " + Megabytes(bytes) + ", over 2 GB");
    const Owned<TF_Graph> graph = MakeGraph(plan, values);
    const Owned<TF_Buffer> buffer(TF_NewBuffer(), TF_DeleteBuffer);
    const Status status;
    TF_GraphToGraphDef(graph.get(), buffer.get(), status);
    status.Check("TensorFlow does not write the frozen graph");
    *saved_model = WithGraph(loaded.saved_model, loaded.tag,
                             {static_cast<const char*>(buffer->data), buffer->length});
  });
}

}  // namespace celsiusify
