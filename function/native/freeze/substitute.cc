#include "substitute.h"

#include <algorithm>

#include "passes/passes.h"

namespace celsiusify {
namespace {

constexpr uint32_t kBool = 10, kInt32 = 3;  // tensorflow.DataType

// The last part of "node:index" and "node:output:index". An output of a call is one list, so that this is its index.
size_t IndexOf(std::string_view tensor) {
  const size_t colon = tensor.rfind(':');
  return colon == std::string_view::npos ? 0 : std::stoul(std::string(tensor.substr(colon + 1)));
}

// "output" of "node:output:index"
std::string_view OutputOf(std::string_view tensor) {
  const size_t first = tensor.find(':'), last = tensor.rfind(':');
  return first == last ? std::string_view() : tensor.substr(first + 1, last - first - 1);
}

// AttrValue with a tensor of one element, in the field of TensorProto that is for its type.
std::string ScalarAttribute(uint32_t type, uint32_t field, uint64_t value) {
  std::string tensor, attribute;
  wire::AppendVarintField(&tensor, 1, type);
  wire::AppendBytes(&tensor, 2, "");
  wire::AppendVarintField(&tensor, field, value);
  wire::AppendBytes(&attribute, 8, tensor);
  return attribute;
}

// What is known of a node is no longer true once it has other types.
void ForgetShapes(Node* node) {
  node->RemoveAttribute("_output_shapes");
  node->RemoveAttribute("_read_only_resource_inputs");
  node->full_type = {};
}

// Whether that changed anything.
bool Optimise(Function* function, Body::Values constants, Arena* arena) {
  Body body(function, std::move(constants), arena);
  RunPasses(&body);
  return body.changed();
}

}  // namespace

Substitution::Substitution(const Graph& graph, const std::unordered_map<std::string_view, Content>& variables,
                           Arena* arena)
    : graph_(graph), arena_(arena) {
  for (const Node& node : graph.nodes) {
    main_.nodes[node.name] = &node;
    const auto variable = variables.find(node.name);
    if (variable != variables.end()) main_.sources[node.name] = {main_.sources.size(), variable->second};
  }
}

std::optional<Substitution::Value> Substitution::Find(Scope& scope, std::string_view tensor) {
  if (tensor.empty() || tensor.front() == '^') return std::nullopt;
  const std::string_view name = NodeOf(tensor);
  const auto source = scope.sources.find(name);
  if (source != scope.sources.end()) return source->second;
  const auto found = scope.found.find(tensor);
  if (found != scope.found.end()) return found->second;
  const auto node = scope.nodes.find(name);
  scope.found[tensor] = std::nullopt;  // a loop among the nodes ends here
  if (node != scope.nodes.end()) scope.found[tensor] = FindOutput(scope, *node->second, tensor);
  return scope.found[tensor];
}

std::optional<Substitution::Value> Substitution::FindOutput(Scope& scope, const Node& node, std::string_view tensor) {
  if (node.inputs.empty()) return std::nullopt;
  if (IsOneOf(node.op, {"Identity", "Switch", "Enter", "Exit"})) return Find(scope, node.inputs[0]);
  const size_t index = IndexOf(tensor);
  if (node.op == "IdentityN") return Find(scope, node.inputs.at(index));
  const Values values = FindInputs(scope, node);
  const std::optional<Call> call = CallOf(node, values);
  if (!call) return std::nullopt;
  size_t output = index;
  if (call->attributes.empty() && !scope.function.empty()) {
    const std::vector<Argument> outputs = ReadFunction(graph_.library.at(node.op)).outputs;
    const auto named = std::find_if(outputs.begin(), outputs.end(),
                                    [&](const Argument& output) { return output.name == OutputOf(tensor); });
    output = named - outputs.begin();
  }
  const auto& forwards = call->variants[0]->forwards;
  if (output >= forwards.size() || !forwards[output]) return std::nullopt;
  return call->inputs.at(*forwards[output]);
}

Substitution::Values Substitution::FindInputs(Scope& scope, const Node& node) {
  Values values;
  for (std::string_view input : node.inputs) values.push_back(Find(scope, input));
  return values;
}

std::vector<Node> Substitution::Rewrite(const Node& node) { return Rewrite(main_, node); }

std::vector<Node> Substitution::Rewrite(Scope& scope, const Node& node) {
  const Values values = FindInputs(scope, node);
  Node rewritten = node;
  rewritten.inputs.clear();
  for (std::string_view input : node.inputs) {
    // What waits for a variable's node need not wait for a constant.
    if (input.front() == '^' && scope.function.empty() && scope.sources.count(NodeOf(input))) continue;
    rewritten.inputs.push_back(Reference(scope, input));
  }
  std::vector<Node> added;
  const auto first = std::find_if(values.begin(), values.end(), [](const auto& value) { return value.has_value(); });
  if (first == values.end()) {
    KeepFunctions(node);
  } else if (const std::optional<Call> call = CallOf(node, values)) {
    RewriteCall(*call, &rewritten);
  } else if (!RewriteForward(values, &rewritten) &&
             !(values[0] && RewriteRead(scope, values[0]->content, &rewritten, &added))) {
    throw Refusal("variable \"" + std::string((*first)->content.variable) + "\" is not only read: " +
                  std::string(node.op) + " (" + std::string(node.name) + ") may assign to it");
  }
  added.push_back(std::move(rewritten));
  return added;
}

// Reading operations' outputs have names of their own, which functions use.
std::string_view Substitution::Reference(Scope& scope, std::string_view tensor) {
  if (scope.function.empty() || tensor.front() == '^') return tensor;
  const auto node = scope.nodes.find(NodeOf(tensor));
  if (node == scope.nodes.end() || node->second->inputs.empty()) return tensor;
  if (!IsOneOf(node->second->op, {"ReadVariableOp", "VarIsInitializedOp"})) return tensor;
  if (!Find(scope, node->second->inputs[0])) return tensor;
  return arena_->Keep(std::string(node->first) + ":output:0");
}

// What only reads a variable.
bool Substitution::RewriteRead(const Scope& scope, const Content& content, Node* node, std::vector<Node>* added) {
  const std::string_view type = arena_->Keep(TypeAttribute(content.type));
  const std::string_view op = node->op;
  if (op == "ReadVariableOp") {
    node->op = "Identity";
    node->SetAttribute("T", type);
  } else if (op == "VariableShape") {
    node->op = "Shape";
    node->SetAttribute("T", type);
  } else if (op == "ResourceGatherNd") {
    node->op = "GatherNd";
    node->SetAttribute("Tparams", type);
  } else if (op == "ResourceGather") {
    const uint64_t batch_dims = wire::VarintOf(node->Attribute("batch_dims"), 3);
    const bool in_function = !scope.function.empty();
    Node axis{arena_->Keep(std::string(node->name) + "/frozen_axis"), "Const", {}, {}, node->device, {}};
    const std::string_view int32 = arena_->Keep(TypeAttribute(kInt32));
    axis.SetAttribute("dtype", int32);
    axis.SetAttribute("value", arena_->Keep(ScalarAttribute(kInt32, 7, batch_dims)));
    node->op = "GatherV2";
    node->inputs.insert(node->inputs.begin() + 2, arena_->Keep(std::string(axis.name) + (in_function ? ":output:0" : "")));
    node->SetAttribute("Tparams", type);
    node->SetAttribute("Taxis", int32);
    node->RemoveAttribute("validate_indices");
    added->push_back(std::move(axis));
  } else if (op == "VarIsInitializedOp") {
    node->op = "Const";
    node->inputs.erase(node->inputs.begin());
    node->SetAttribute("dtype", arena_->Keep(TypeAttribute(kBool)));
    node->SetAttribute("value", arena_->Keep(ScalarAttribute(kBool, 11, 1)));
    ForgetShapes(node);
    return true;
  } else {
    return false;
  }
  node->RemoveAttribute("dtype");
  ForgetShapes(node);
  return true;
}

// What hands a variable on.
bool Substitution::RewriteForward(const Values& values, Node* node) {
  if (node->op == "IdentityN") {
    Types types = TypesOf(node->Attribute("T"));
    for (size_t i = 0; i < types.size(); ++i)
      if (values.at(i)) types[i] = values[i]->content.type;
    node->SetAttribute("T", arena_->Keep(TypesAttribute(types)));
  } else if (values[0] && IsOneOf(node->op, {"Identity", "Switch", "Enter", "Exit"})) {
    node->SetAttribute("T", arena_->Keep(TypeAttribute(values[0]->content.type)));
  } else {
    return false;
  }
  ForgetShapes(node);
  return true;
}

// Undefined where the node calls nothing, or hands no variable to what it calls.
std::optional<Substitution::Call> Substitution::CallOf(const Node& node, const Values& values) {
  Call call;
  std::vector<std::string_view> functions;
  if (IsOneOf(node.op, {"PartitionedCall", "StatefulPartitionedCall"})) {
    call.attributes = {"f"};
  } else if (IsOneOf(node.op, {"If", "StatelessIf"})) {
    call.attributes = {"then_branch", "else_branch"};
    call.first = 1;
  } else if (IsOneOf(node.op, {"Case", "StatelessCase"})) {
    call.attributes = {"branches"};
    call.first = 1;
  } else if (IsOneOf(node.op, {"While", "StatelessWhile"})) {
    call.attributes = {"body", "cond"};
  } else if (graph_.library.count(node.op)) {
    functions = {node.op};
  } else {
    return std::nullopt;
  }
  for (size_t i = call.first; i < values.size() && node.inputs[i].front() != '^'; ++i) call.inputs.push_back(values[i]);
  if (std::none_of(call.inputs.begin(), call.inputs.end(), [](const auto& input) { return input.has_value(); }))
    return std::nullopt;
  for (std::string_view attribute : call.attributes)
    for (std::string_view function : FunctionsOf(node.Attribute(attribute))) functions.push_back(function);
  for (std::string_view function : functions) call.variants.push_back(&VariantOf(function, call.inputs));

  const bool loops = IsOneOf(node.op, {"While", "StatelessWhile"});
  for (size_t i = 0; i < call.variants.size() && !(loops && i == 1); ++i) {
    const auto& forwards = call.variants[i]->forwards;
    if (forwards != call.variants[0]->forwards)
      throw Refusal(std::string(node.name) + " gives one variable or another");
    for (size_t k = 0; loops && k < call.inputs.size(); ++k)
      if (call.inputs[k].has_value() != forwards.at(k).has_value() || (forwards[k] && *forwards[k] != k))
        throw Refusal(std::string(node.name) + " is a loop that changes which variable it uses");
  }
  return call;
}

void Substitution::RewriteCall(const Call& call, Node* node) {
  if (call.attributes.empty()) node->op = call.variants[0]->name;
  size_t next = 0;
  for (std::string_view attribute : call.attributes) {
    std::vector<std::string_view> names;
    const size_t count = attribute == "branches" ? call.variants.size() : 1;
    for (size_t i = 0; i < count; ++i) names.push_back(call.variants[next++]->name);
    node->SetAttribute(attribute, arena_->Keep(WithFunctions(node->Attribute(attribute), names)));
  }

  const bool loops = IsOneOf(node->op, {"While", "StatelessWhile"});
  const std::string_view in = loops ? "T" : "Tin";
  Types types = TypesOf(node->Attribute(in));
  for (size_t i = 0; i < call.inputs.size() && i < types.size(); ++i)
    if (call.inputs[i]) types[i] = call.inputs[i]->content.type;
  if (!call.attributes.empty()) node->SetAttribute(in, arena_->Keep(TypesAttribute(types)));

  const auto& forwards = call.variants[0]->forwards;
  Types out = TypesOf(node->Attribute("Tout"));
  std::vector<std::string_view> shapes = ShapesOf(node->Attribute("output_shapes"));
  for (size_t i = 0; i < forwards.size(); ++i) {
    if (!forwards[i]) continue;
    const Content& content = call.inputs.at(*forwards[i])->content;
    if (i < out.size()) out[i] = content.type;
    if (i < shapes.size()) shapes[i] = content.shape;
  }
  if (!out.empty()) node->SetAttribute("Tout", arena_->Keep(TypesAttribute(out)));
  if (!shapes.empty()) node->SetAttribute("output_shapes", arena_->Keep(ShapesAttribute(shapes)));
  ForgetShapes(node);
}

const Substitution::Variant& Substitution::VariantOf(std::string_view function, const Values& inputs) {
  std::string key(function);
  for (const auto& input : inputs) {
    key.push_back('\n');
    if (input) key.append(std::to_string(input->content.type)).append(" ").append(input->content.shape);
  }
  const auto made = variants_.find(key);
  if (made != variants_.end()) return made->second;
  if (!in_progress_.insert(key).second) throw Refusal(std::string(function) + " calls itself");
  Variant variant = MakeVariant(function, inputs);
  in_progress_.erase(key);
  return variants_[key] = std::move(variant);
}

Substitution::Variant Substitution::MakeVariant(std::string_view name, const Values& inputs) {
  const auto definition = graph_.library.find(name);
  if (definition == graph_.library.end()) throw Refusal("the graph has no function " + std::string(name));
  const Function original = ReadFunction(definition->second);
  Function function = original;
  if (inputs.size() != function.inputs.size())
    throw Refusal(std::string(name) + " has " + std::to_string(function.inputs.size()) + " inputs, and is called with " +
                  std::to_string(inputs.size()));
  Variant variant;
  variant.name = arena_->Keep(std::string(name) + "_frozen_" + std::to_string(variants_.size() + in_progress_.size()));
  function.name = variant.name;
  for (std::string_view gone : {"_input_shapes", "api_implements", "api_preferred_device"})
    function.attributes.erase(std::remove_if(function.attributes.begin(), function.attributes.end(),
                                             [&](const wire::Entry& attribute) { return attribute.key == gone; }),
                              function.attributes.end());

  Scope scope;
  scope.function = name;
  for (const Node& node : original.nodes) scope.nodes[node.name] = &node;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) continue;
    scope.sources[function.inputs[i].name] = {i, inputs[i]->content};
    function.inputs[i] = {function.inputs[i].name, inputs[i]->content.type, {}};
    function.input_attributes.erase(i);
    function.resource_ids.erase(i);
  }
  function.nodes.clear();
  for (const Node& node : original.nodes)
    for (Node& rewritten : Rewrite(scope, node)) function.nodes.push_back(std::move(rewritten));
  variant.forwards.resize(function.outputs.size());
  for (wire::Entry& returned : function.returns) {
    const auto output = std::find_if(function.outputs.begin(), function.outputs.end(),
                                     [&](const Argument& output) { return output.name == returned.key; });
    if (output == function.outputs.end()) throw Refusal(std::string(name) + " returns what it does not declare");
    if (const std::optional<Value> value = Find(scope, returned.value)) {
      variant.forwards[output - function.outputs.begin()] = value->origin;
      *output = {output->name, value->content.type, {}};
    }
    returned.value = Reference(scope, returned.value);
  }
  Body::Values constants;
  for (const auto& [argument, value] : scope.sources) constants[argument] = value.content.shape;
  Optimise(&function, std::move(constants), arena_);
  functions_[variant.name] = arena_->Keep(WriteFunction(function));
  return variant;
}

void Substitution::KeepFunctions(const Node& node) {
  std::vector<std::string_view> names = {node.op};
  for (const wire::Entry& attribute : node.attributes)
    for (std::string_view name : FunctionsOf(attribute.value)) names.push_back(name);
  for (std::string_view name : names) {
    const auto definition = graph_.library.find(name);
    if (definition == graph_.library.end() || !functions_.emplace(name, definition->second).second) continue;
    Function function = ReadFunction(definition->second);
    for (const Node& called : function.nodes) KeepFunctions(called);
    if (Optimise(&function, {}, arena_)) functions_[name] = arena_->Keep(WriteFunction(function));
  }
}

}  // namespace celsiusify
