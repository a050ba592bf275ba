// The optimiser for TensorFlow, which runs it behind its own: functions are inlined by then, what does not depend on inputs is
// constant, batch norms are in the filters, and biases and activations in the convolutions.
#include "optimizer.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <unordered_map>
#include <vector>

#include "../freeze/graph.h"
#include "../freeze/owned.h"
#include "../wire.h"
#include "convolution.h"
#include "plugin.h"
#include "tensorflow/c/c_api_experimental.h"
#include "tensorflow/c/experimental/grappler/grappler.h"

namespace celsiusify::winograd {
namespace {

using Nodes = std::unordered_map<std::string_view, const Node*>;

// Fields of tensorflow.AttrValue and of its ListValue, and of TensorProto.
constexpr uint32_t kList = 1, kText = 2, kNumber = 3, kType = 6, kTensor = 8;
constexpr uint32_t kTensorType = 1, kTensorShape = 2;
constexpr uint32_t kGraphNode = 1;  // of GraphDef
constexpr uint64_t kFloat = 1;      // tensorflow.DataType

std::string_view TextOf(const Node& node, std::string_view key) {
  return wire::BytesOf(node.Attribute(key), kText);
}

std::vector<std::string_view> TextsOf(const Node& node, std::string_view key) {
  std::vector<std::string_view> texts;
  wire::Reader reader(wire::BytesOf(node.Attribute(key), kList));
  for (wire::Field field; reader.Next(&field);)
    if (field.number == kText) texts.push_back(field.bytes);
  return texts;
}

bool AllOnes(const std::vector<int64_t>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](int64_t number) { return number == 1; });
}

// Of a constant of float32; undefined for all else.
std::optional<Shape> ShapeOf(const Node& node) {
  if (node.op != "Const") return std::nullopt;
  const std::string_view tensor = wire::BytesOf(node.Attribute("value"), kTensor);
  if (wire::VarintOf(tensor, kTensorType) != kFloat) return std::nullopt;
  return ReadShape(wire::BytesOf(tensor, kTensorShape));
}

// What TensorFlow has fused into the convolution, as the operation says it; undefined for anything else.
struct Fused {
  int biases;
  bool adds;  // the last input, what a residual block adds
  std::string_view activation;
};
std::optional<Fused> FusedOf(const Node& node) {
  if (node.op == "Conv2D") return Fused{0, false, ""};
  if (node.op != "_FusedConv2D") return std::nullopt;
  std::vector<std::string_view> fused = TextsOf(node, "fused_ops");
  if (fused.empty() || fused[0] != "BiasAdd") return std::nullopt;
  const bool adds = fused.size() > 1 && fused[1] == "Add";
  fused.erase(fused.begin(), fused.begin() + (adds ? 2 : 1));
  if (fused.size() > 1) return std::nullopt;
  const std::string_view activation = fused.empty() ? "" : fused[0];
  if (!activation.empty() && activation != "Relu" && activation != "Relu6") return std::nullopt;
  return Fused{1, adds, activation};
}

std::optional<Fused> SuitableOf(const Node& node, const Nodes& nodes, const Kernel& kernel) {
  const std::optional<Fused> fused = FusedOf(node);
  if (!fused || node.inputs.size() < 2 + static_cast<size_t>(fused->biases) + fused->adds) return std::nullopt;
  const std::string_view format = TextOf(node, "data_format");  // NHWC where it is not said
  if (wire::VarintOf(node.Attribute("T"), kType) != kFloat || TextOf(node, "padding") != "SAME" ||
      !(format.empty() || format == "NHWC") || !AllOnes(IntsOf(node.Attribute("strides"))) || !AllOnes(IntsOf(node.Attribute("dilations"))))
    return std::nullopt;
  const auto filters = nodes.find(NodeOf(node.inputs[1]));
  if (filters == nodes.end()) return std::nullopt;
  const std::optional<Shape> shape = ShapeOf(*filters->second);
  if (!shape || shape->size() != 4 || (*shape)[0] != 3 || (*shape)[1] != 3) return std::nullopt;
  return Convolution::Suits(kernel, (*shape)[2], (*shape)[3]) ? fused : std::nullopt;
}

// What is added to a convolution and its bias, and the activation, as operations of their own behind ours. Fields of the GraphDef.
std::string SumFor(const Node& node, std::string_view convolution, const Fused& fused) {
  std::string fields;
  const std::string name = std::string(node.name) + (fused.activation.empty() ? "" : "/winograd_sum");
  Node sum{name, "AddV2", {convolution, node.inputs[2 + fused.biases]}, {}, node.device, {}};
  sum.SetAttribute("T", node.Attribute("T"));
  AppendNode(&fields, kGraphNode, sum);
  if (fused.activation.empty()) return fields;
  Node activation{node.name, fused.activation, {name}, {}, node.device, {}};
  activation.SetAttribute("T", node.Attribute("T"));
  AppendNode(&fields, kGraphNode, activation);
  return fields;
}

// Fields of the GraphDef.
std::string OperationFor(const Node& node, const Fused& fused) {
  std::string field, biases, activation;
  wire::AppendVarintField(&biases, kNumber, fused.biases);
  wire::AppendBytes(&activation, kText, fused.adds ? "" : fused.activation);
  const std::string name = std::string(node.name) + (fused.adds ? "/winograd" : "");
  Node operation = node;
  operation.name = name;
  operation.op = kOperation;
  operation.attributes.clear();
  operation.SetAttribute("biases", biases);
  operation.SetAttribute("activation", activation);
  operation.inputs.clear();
  // Of a fused convolution all inputs that are no bias are for other things that are fused.
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (i < 2 + static_cast<size_t>(fused.biases) || node.inputs[i].front() == '^') operation.inputs.push_back(node.inputs[i]);
  AppendNode(&field, kGraphNode, operation);
  return fused.adds ? field + SumFor(node, name, fused) : field;
}

void Optimize(void*, const TF_Buffer* before, const TF_GrapplerItem*, TF_Buffer* after, TF_Status* status) {
  const std::string_view bytes(static_cast<const char*>(before->data), before->length);
  try {
    const Changed changed = WithOperation(bytes);
    if (changed.pieces.empty()) {
      // What is given back is read before what was given ends.
      *after = {before->data, before->length, nullptr};
      return;
    }
    size_t size = 0;
    for (std::string_view piece : changed.pieces) size += piece.size();
    char* const data = static_cast<char*>(std::malloc(size));
    if (data == nullptr) throw std::bad_alloc();
    *after = {data, size, [](void* memory, size_t) { std::free(memory); }};
    size_t at = 0;
    for (std::string_view piece : changed.pieces) at += piece.copy(data + at, piece.size());
  } catch (const std::exception& error) {
    TF_SetStatus(status, TF_INTERNAL, error.what());
  }
}

}  // namespace

Changed WithOperation(std::string_view graph_def) {
  Changed changed;
  const std::vector<Kernel>& kernels = KernelsOfThisCpu();
  if (kernels.empty()) return changed;
  const Graph graph = ReadGraph(graph_def);
  Nodes nodes;
  for (const Node& node : graph.nodes) nodes[node.name] = &node;
  std::unordered_map<size_t, Fused> suitable;  // by the node's index
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    if (const std::optional<Fused> fused = SuitableOf(graph.nodes[i], nodes, kernels[0])) suitable.emplace(i, *fused);
  Count::Add(static_cast<int>(suitable.size()));
  if (suitable.empty()) return changed;
  size_t index = 0;
  wire::Reader reader(graph_def);
  for (wire::Field field; reader.Next(&field);) {
    const auto found = field.number == kGraphNode ? suitable.find(index++) : suitable.end();
    if (found == suitable.end()) changed.pieces.push_back(field.raw);
    else changed.pieces.push_back(changed.written.Keep(OperationFor(graph.nodes[found->first], found->second)));
  }
  return changed;
}

void RegisterOptimizer() {
  // TensorFlow asks a library's symbols for its optimiser: those of this one.
  Dl_info here;
  if (dladdr(reinterpret_cast<void*>(RegisterOptimizer), &here) == 0) throw Refusal("this library has no name");
  const Status status;
  TF_LoadPluggableDeviceLibrary(here.dli_fname, status);
  status.Check("TensorFlow does not take the optimiser");
}

}  // namespace celsiusify::winograd

extern "C" __attribute__((visibility("default"))) void TF_InitGraph(TP_OptimizerRegistrationParams* params, TF_Status*) {
  params->device_type = "CPU";
  params->optimizer->create_func = [] { return static_cast<void*>(nullptr); };
  params->optimizer->optimize_func = celsiusify::winograd::Optimize;
  params->optimizer->destroy_func = [](void*) {};
}
