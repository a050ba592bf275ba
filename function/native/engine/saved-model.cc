#include "saved-model.h"

#include <filesystem>
#include <set>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "../freeze/graph.h"
#include "equal-signatures.h"
#include "graph-file.h"

namespace celsiusify {
namespace {

using OperationTypes = std::set<std::string_view>;

std::string Joined(const std::set<std::string_view>& names) {
  std::string joined;
  for (std::string_view name : names) {
    if (!joined.empty()) joined += ',';
    joined += name;
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

// Of constants that are more than a number or two.
uint64_t ConstantBytes(const std::vector<Node>& nodes) {
  constexpr size_t kSmall = 1024;
  uint64_t bytes = 0;
  for (const Node& node : nodes)
    if (node.op == "Const" && node.Attribute("value").size() > kSmall) bytes += node.Attribute("value").size();
  return bytes;
}

uint64_t ConstantBytes(const Graph& graph) {
  uint64_t bytes = ConstantBytes(graph.nodes);
  for (const auto& function : graph.library) bytes += ConstantBytes(ReadFunction(function.second).nodes);
  return bytes;
}

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

// SignatureDef.inputs = 1, outputs = 2: maps of TensorInfo; name = 1. Tensors of several parts have none.
SignatureTensors TensorsOf(std::string_view signature_def) {
  SignatureTensors tensors;
  wire::Reader reader(signature_def);
  for (wire::Field field; reader.Next(&field);) {
    if (field.type != wire::kBytes || (field.number != 1 && field.number != 2)) continue;
    const wire::Entry entry = wire::EntryOf(field.bytes);
    (field.number == 1 ? tensors.inputs : tensors.outputs).emplace(entry.key, wire::BytesOf(entry.value, 1));
  }
  return tensors;
}

void ReadMetaGraph(std::string_view meta_graph, SavedModelInfo* info) {
  const Graph graph = ReadGraph(wire::BytesOf(meta_graph, 2));
  const Reach reach(graph);
  info->operations = Joined(reach.All());
  info->constant_bytes = ConstantBytes(graph);
  std::string without_graph;
  std::vector<SignatureTensors> signatures;
  wire::Reader reader(meta_graph);
  for (wire::Field field; reader.Next(&field);) {
    if (field.number == 2) continue;  // graph_def
    without_graph.append(field.raw);
    if (field.number != 5 || field.type != wire::kBytes) continue;  // signature_def
    const std::string_view definition = wire::EntryOf(field.bytes).value;
    info->reachable.push_back(Joined(reach.From(OutputsOf(definition))));
    signatures.push_back(TensorsOf(definition));
  }
  info->equal = EqualSignatures(graph, signatures);
  wire::AppendBytes(&info->saved_model, 2, without_graph);
}

uint64_t BytesIn(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error))
    if (const uint64_t size = file.file_size(error); !error) bytes += size;
  return bytes;
}

}  // namespace

ReadError ReadSavedModel(const std::string& folder, SavedModelInfo* info, std::string* why) {
  const GraphFile file(folder);
  info->file = file.name();
  if (file.failure().code != TF_OK) {
    *why = file.failure().message;
    switch (file.failure().code) {
      case TF_NOT_FOUND: return ReadError::kMissing;
      case TF_UNIMPLEMENTED: return ReadError::kUnreadable;
      default: return ReadError::kDamaged;
    }
  }
  info->graph_bytes = file.bytes().size();
  info->variable_bytes = BytesIn(folder + "/variables");
  try {
    wire::Reader reader(file.bytes());  // SavedModel: meta_graphs = 2
    for (wire::Field field; reader.Next(&field);) {
      if (field.number != 2 || field.type != wire::kBytes) continue;
      const std::set<std::string_view> tags = TagsOf(field.bytes);
      if (tags == std::set<std::string_view>{"serve"}) {
        ReadMetaGraph(field.bytes, info);
        return ReadError::kNone;
      }
      *why += (why->empty() ? "{" : ", {") + Joined(tags) + "}";
    }
  } catch (const std::exception& error) {
    *why = error.what();
    return ReadError::kDamaged;
  }
  return ReadError::kUntagged;
}

}  // namespace celsiusify
