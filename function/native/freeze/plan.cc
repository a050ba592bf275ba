#include "plan.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "graph.h"
#include "passes/passes.h"
#include "substitute.h"
#include "../wire.h"

namespace celsiusify {
namespace {

using wire::Field;
using wire::Reader;

constexpr std::string_view kAssignment = "AssignVariableOp";
constexpr std::string_view kInitOp = "__saved_model_init_op";

// The collection of files that the init op reads.
constexpr std::string_view kAssets = "saved_model_assets";

std::string_view MetaGraphOf(std::string_view saved_model, const std::string& tag) {
  Reader reader(saved_model);
  for (Field field; reader.Next(&field);)
    if (field.number == 2 && TagsOf(field.bytes) == std::set<std::string_view>{tag}) return field.bytes;
  throw Refusal("saved_model.pb has no meta graph tagged \"" + tag + "\"");
}

// The value of a map<string, message> of the meta graph; empty where there is none.
std::string_view Lookup(std::string_view message, uint32_t number, std::string_view key) {
  Reader reader(message);
  for (Field field; reader.Next(&field);) {
    if (field.number != number) continue;
    const wire::Entry entry = wire::EntryOf(field.bytes);
    if (entry.key == key) return entry.value;
  }
  return {};
}

// The node that a load runs after the checkpoint is restored.
std::string_view InitOpOf(std::string_view meta_graph) {
  const std::string_view output = Lookup(Lookup(meta_graph, 5, kInitOp), 2, kInitOp);
  if (!output.empty()) return NodeOf(wire::BytesOf(output, 1));
  for (std::string_view collection : {"saved_model_main_op", "legacy_init_op"}) {
    const std::string_view nodes = wire::BytesOf(Lookup(meta_graph, 4, collection), 1);
    if (!nodes.empty()) return NodeOf(wire::BytesOf(nodes, 1));
  }
  return {};
}

// Operations of TensorFlow 1's variables, and of containers that a run may leave changed.
bool KeepsState(std::string_view op) {
  for (std::string_view name : {"Variable", "VariableV2", "TemporaryVariable"})
    if (op == name) return true;
  for (std::string_view part : {"Queue", "Barrier", "Accumulator", "Stage", "Mutable", "LookupTableInsert",
                                "LookupTableRemove", "Iterator", "Reader"})
    if (op.find(part) != std::string_view::npos) return true;
  return false;
}

class Planner {
 public:
  Planner(std::string_view meta_graph, const std::vector<std::string>& tensors)
      : meta_graph_(meta_graph), graph_(ReadGraph(wire::BytesOf(meta_graph, 2))) {
    for (const Node& node : graph_.nodes) nodes_[node.name] = &node;
    for (const std::string& tensor : tensors) endpoints_.push_back(NodeOf(tensor));
    served_ = Reach(endpoints_);
  }

  Plan Make() {
    Plan plan;
    for (const Node* node : served_) CheckState(*node);
    std::unordered_map<std::string_view, Content> variables;
    for (const Node* node : served_) {
      if (node->op != "VarHandleOp") continue;
      const std::string_view shape = wire::BytesOf(node->Attribute("shape"), 7);
      variables[node->name] = {static_cast<uint32_t>(wire::VarintOf(node->Attribute("dtype"), 6)), shape, node->name};
    }
    if (variables.empty()) throw Refusal("it has no variables");
    std::set<const Node*> kept = served_;
    PlanInit(&plan, &kept);
    CheckRestored(kept);

    Substitution substitution(graph_, variables, &arena_);
    std::vector<Node> nodes;
    for (const Node& node : graph_.nodes) {
      if (variables.count(node.name)) plan.variables.emplace_back(node.name);
      else if (kept.count(&node))
        for (Node& rewritten : substitution.Rewrite(WithoutAssignments(node, kept))) nodes.push_back(std::move(rewritten));
    }
    Optimise(&nodes, variables, plan);
    for (const Node& node : nodes) AppendNode(&plan.graph_def, 1, node);
    std::string library;
    for (const auto& [name, definition] : substitution.functions()) wire::AppendBytes(&library, 1, definition);
    wire::AppendBytes(&plan.graph_def, 2, library);
    if (!graph_.versions.empty()) wire::AppendBytes(&plan.graph_def, 4, graph_.versions);
    return plan;
  }

 private:
  // These nodes and all that they need, but for `without` and what only they need.
  std::set<const Node*> Reach(std::vector<std::string_view> names, const std::set<const Node*>& without = {}) const {
    std::set<const Node*> reached;
    while (!names.empty()) {
      const std::string_view name = names.back();
      names.pop_back();
      const auto node = nodes_.find(name);
      if (node == nodes_.end()) throw Refusal("the graph has no node " + std::string(name));
      if (without.count(node->second) || !reached.insert(node->second).second) continue;
      for (std::string_view input : node->second->inputs) names.push_back(NodeOf(input));
    }
    return reached;
  }

  // What a second session would not share with the first: refuses it, in the functions that the node calls too.
  void CheckState(const Node& node, std::string_view function = {}) {
    if (KeepsState(node.op)) throw Refusal("a run may leave something behind: " + std::string(node.op) + " (" + std::string(node.name) + ")");
    if (!function.empty() && node.op == "VarHandleOp")
      throw Refusal("the function " + std::string(function) + " makes a variable, " + std::string(node.name));
    std::vector<std::string_view> called = {node.op};
    for (const wire::Entry& attribute : node.attributes)
      for (std::string_view name : FunctionsOf(attribute.value)) called.push_back(name);
    for (std::string_view name : called) {
      const auto definition = graph_.library.find(name);
      if (definition == graph_.library.end() || !checked_.insert(name).second) continue;
      for (const Node& inner : ReadFunction(definition->second).nodes) CheckState(inner, name);
    }
  }

  // Of an init op's nodes those that assign to a variable that is served, which has the value by now, or that nothing reads.
  std::set<const Node*> NeedlessAssignments(const std::set<const Node*>& init) const {
    std::set<const Node*> assignments, used = served_;
    for (const Node* node : init) {
      if (node->op == kAssignment) assignments.insert(node);
      else
        for (std::string_view input : node->inputs) used.insert(nodes_.at(NodeOf(input)));
    }
    std::set<const Node*> needless;
    for (const Node* node : assignments) {
      const Node* const variable = nodes_.at(NodeOf(node->inputs.at(0)));
      if (served_.count(variable) || !used.count(variable)) needless.insert(node);
    }
    return needless;
  }

  // The node without waiting for assignments that are left out.
  Node WithoutAssignments(Node node, const std::set<const Node*>& kept) const {
    const auto is_left_out = [&](std::string_view input) {
      const Node* const other = nodes_.at(NodeOf(input));
      return input.front() == '^' && other->op == kAssignment && kept.count(other) == 0;
    };
    node.inputs.erase(std::remove_if(node.inputs.begin(), node.inputs.end(), is_left_out), node.inputs.end());
    return node;
  }

  void PlanInit(Plan* plan, std::set<const Node*>* kept) const {
    const std::string_view init_op = InitOpOf(meta_graph_);
    if (init_op.empty() || nodes_.count(init_op) == 0) return;
    const std::set<const Node*> needed = Reach({init_op}, NeedlessAssignments(Reach({init_op})));
    kept->insert(needed.begin(), needed.end());
    if (std::all_of(needed.begin(), needed.end(), [](const Node* node) { return node->op == "NoOp"; })) return;
    plan->init_op = init_op;
    for (std::string_view asset : Assets()) {
      const std::string_view tensor = wire::BytesOf(wire::BytesOf(asset, 1), 1);
      const auto node = nodes_.find(NodeOf(tensor));
      if (node != nodes_.end() && kept->count(node->second))
        plan->assets.emplace_back(tensor, wire::BytesOf(asset, 2));
    }
  }

  void Optimise(std::vector<Node>* nodes, const std::unordered_map<std::string_view, Content>& variables, const Plan& plan) {
    Body::Values values;
    for (const auto& [name, content] : variables) values[name] = content.shape;
    std::unordered_set<std::string_view> endpoints(endpoints_.begin(), endpoints_.end());
    if (!plan.init_op.empty()) endpoints.insert(plan.init_op);
    for (const auto& asset : plan.assets) endpoints.insert(NodeOf(asset.first));
    Body body(nodes, std::move(values), std::move(endpoints), &arena_);
    RunPasses(&body);
  }

  // AssetFileDefs: asset_file_def = 6, or where there are none, as in older models, those in a collection, each in an Any.
  std::vector<std::string_view> Assets() const {
    std::vector<std::string_view> assets, collected;
    Reader reader(meta_graph_);
    for (Field field; reader.Next(&field);) {
      if (field.number == 6) assets.push_back(field.bytes);
      if (field.number != 4 || wire::EntryOf(field.bytes).key != kAssets) continue;
      Reader any_list(wire::BytesOf(wire::EntryOf(field.bytes).value, 5));
      for (Field any; any_list.Next(&any);) collected.push_back(wire::BytesOf(any.bytes, 2));
    }
    return assets.empty() ? collected : assets;
  }

  // A checkpoint's state of anything but a variable would be missing in a second session.
  void CheckRestored(const std::set<const Node*>& kept) const {
    const std::string_view restore = NodeOf(wire::BytesOf(wire::BytesOf(meta_graph_, 3), 3));
    if (restore.empty() || nodes_.count(restore) == 0) return;
    for (const Node* node : Reach({restore}))
      if (kept.count(node) && node->op != "VarHandleOp" && node->op != "Const" && node->op != "NoOp")
        throw Refusal("its checkpoint restores " + std::string(node->op) + " (" + std::string(node->name) + ")");
  }

  std::string_view meta_graph_;
  Graph graph_;
  Arena arena_;
  std::unordered_map<std::string_view, const Node*> nodes_;
  std::vector<std::string_view> endpoints_;  // nodes that are fed or fetched
  std::set<const Node*> served_;
  std::unordered_set<std::string_view> checked_;
};

}  // namespace

Plan PlanFreeze(std::string_view saved_model, const std::string& tag, const std::vector<std::string>& tensors) {
  return Planner(MetaGraphOf(saved_model, tag), tensors).Make();
}

std::string WithGraph(std::string_view saved_model, const std::string& tag, std::string_view graph_def) {
  std::string meta_graph, result;
  Reader reader(MetaGraphOf(saved_model, tag));
  for (Field field; reader.Next(&field);) {
    // graph_def, saver_def and object_graph_def; collections speak of variables, but for those of the init op
    if (field.number == 2 || field.number == 3 || field.number == 7) continue;
    if (field.number == 4) {
      const std::string_view key = wire::EntryOf(field.bytes).key;
      if (key != "saved_model_main_op" && key != "legacy_init_op" && key != kAssets) continue;
    }
    meta_graph.append(field.raw);
  }
  wire::AppendBytes(&meta_graph, 2, graph_def);
  Reader model(saved_model);
  for (Field field; model.Next(&field);)
    if (field.number != 2) result.append(field.raw);
  wire::AppendBytes(&result, 2, meta_graph);
  return result;
}

}  // namespace celsiusify
