#include "saved-model.h"

#include <cstring>
#include <set>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "../freeze/graph.h"
#include "whole-file.h"

namespace celsiusify {
namespace {

using OperationTypes = std::set<std::string_view>;

std::string Joined(const OperationTypes& types) {
  std::string joined;
  for (std::string_view type : types) {
    if (!joined.empty()) joined += ',';
    joined += type;
  }
  return joined;
}

// Follows inputs back from tensors, and into the functions that nodes call.
class Reach {
 public:
  explicit Reach(const Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes) nodes_.emplace(node.name, &node);
  }

  OperationTypes From(const std::vector<std::string_view>& tensors) const {
    OperationTypes types;
    std::set<std::string_view> seen, functions;
    std::vector<std::string_view> waiting(tensors);
    while (!waiting.empty()) {
      std::string_view name = waiting.back();
      waiting.pop_back();
      if (!name.empty() && name.front() == '^') name.remove_prefix(1);
      name = name.substr(0, name.rfind(':'));
      const auto node = nodes_.find(name);
      if (node == nodes_.end() || !seen.insert(name).second) continue;
      AddNode(*node->second, &types, &functions);
      for (std::string_view input : node->second->inputs) waiting.push_back(input);
    }
    return types;
  }

  OperationTypes All() const {
    OperationTypes types;
    std::set<std::string_view> functions;
    for (const Node& node : graph_.nodes) AddNode(node, &types, &functions);
    for (const auto& function : graph_.library) AddFunction(function.first, &types, &functions);
    return types;
  }

 private:
  void AddNode(const Node& node, OperationTypes* types, std::set<std::string_view>* functions) const {
    types->insert(node.op);
    AddFunction(node.op, types, functions);  // a call by the function's own name
    for (const wire::Entry& attribute : node.attributes)
      for (std::string_view function : FunctionsOf(attribute.value)) AddFunction(function, types, functions);
  }

  void AddFunction(std::string_view name, OperationTypes* types, std::set<std::string_view>* functions) const {
    const auto found = graph_.library.find(name);
    if (found == graph_.library.end() || !functions->insert(name).second) return;
    for (const Node& node : ReadFunction(found->second).nodes) AddNode(node, types, functions);
  }

  const Graph& graph_;
  std::unordered_map<std::string_view, const Node*> nodes_;
};

// Names of the tensors that a signature's outputs are: SignatureDef.outputs = 2 (a map of TensorInfo), TensorInfo.name = 1,
// or components of TensorInfo.coo_sparse = 4 and composite_tensor = 5.
std::vector<std::string_view> OutputsOf(std::string_view signature_def) {
  std::vector<std::string_view> tensors;
  wire::Reader reader(signature_def);
  for (wire::Field field; reader.Next(&field);) {
    if (field.number != 2 || field.type != wire::kBytes) continue;
    const std::string_view info = wire::EntryOf(field.bytes).value;
    tensors.push_back(wire::BytesOf(info, 1));
    const std::string_view sparse = wire::BytesOf(info, 4);
    for (uint32_t part = 1; part <= 3; ++part) tensors.push_back(wire::BytesOf(sparse, part));
    wire::Reader parts(wire::BytesOf(info, 5));
    for (wire::Field part; parts.Next(&part);)
      if (part.number == 2 && part.type == wire::kBytes) tensors.push_back(wire::BytesOf(part.bytes, 1));
  }
  return tensors;
}

// MetaInfoDef = 1 with its tags = 4.
bool IsTagged(std::string_view meta_graph, std::string_view tag) {
  wire::Reader reader(wire::BytesOf(meta_graph, 1));
  for (wire::Field field; reader.Next(&field);)
    if (field.number == 4 && field.bytes == tag) return true;
  return false;
}

void ReadMetaGraph(std::string_view meta_graph, SavedModelInfo* info) {
  const Graph graph = ReadGraph(wire::BytesOf(meta_graph, 2));
  const Reach reach(graph);
  info->operations = Joined(reach.All());
  std::string without_graph;
  wire::Reader reader(meta_graph);
  for (wire::Field field; reader.Next(&field);) {
    if (field.number == 2) continue;  // graph_def
    without_graph.append(field.raw);
    if (field.number == 5 && field.type == wire::kBytes)  // signature_def
      info->reachable.push_back(Joined(reach.From(OutputsOf(wire::EntryOf(field.bytes).value))));
  }
  wire::AppendBytes(&info->saved_model, 2, without_graph);
}

}  // namespace

ReadError ReadSavedModel(const std::string& folder, SavedModelInfo* info, std::string* why) {
  const WholeFile file(folder + "/saved_model.pb");
  if (file.error() != 0) {
    *why = std::strerror(file.error());
    return ReadError::kMissing;
  }
  try {
    wire::Reader reader(file.bytes());  // SavedModel: meta_graphs = 2
    for (wire::Field field; reader.Next(&field);) {
      if (field.number != 2 || field.type != wire::kBytes || !IsTagged(field.bytes, "serve")) continue;
      ReadMetaGraph(field.bytes, info);
      return ReadError::kNone;
    }
  } catch (const std::exception& error) {
    *why = error.what();
    return ReadError::kDamaged;
  }
  return ReadError::kUntagged;
}

}  // namespace celsiusify
