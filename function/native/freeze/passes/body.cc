#include "body.h"

#include <algorithm>
#include <utility>

namespace celsiusify {
namespace {

// Operations that give the same for the same inputs, and are cheap enough to be followed.
bool ComputesAlike(std::string_view op) {
  return IsOneOf(op, {"Identity", "Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Neg", "Rsqrt", "Sqrt", "Square",
                      "Reciprocal", "Maximum", "Cast", "Reshape", "Squeeze", "ExpandDims", "Transpose"});
}

bool IsControl(std::string_view input) { return !input.empty() && input.front() == '^'; }

}  // namespace

Body::Body(std::vector<Node>* nodes, Values values, std::unordered_set<std::string_view> endpoints, Arena* arena)
    : target_(nodes), function_(nullptr), values_(std::move(values)), endpoints_(std::move(endpoints)), arena_(arena) {
  Index();
}

Body::Body(Function* function, Values values, Arena* arena)
    : target_(&function->nodes), function_(function), values_(std::move(values)), arena_(arena) {
  Index();
}

Body::~Body() {
  target_->clear();
  for (const auto& node : nodes_) target_->push_back(std::move(*node));
}

void Body::Index() {
  for (Node& node : *target_) {
    nodes_.push_back(std::make_unique<Node>(std::move(node)));
    by_name_[nodes_.back()->name] = nodes_.back().get();
  }
  for (const auto& node : nodes_)
    for (std::string_view input : node->inputs) consumers_[NodeOf(input)].push_back(node.get());
}

std::vector<Node*> Body::Nodes() const {
  std::vector<Node*> nodes;
  for (const auto& node : nodes_) nodes.push_back(node.get());
  return nodes;
}

Node* Body::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Node* Body::Producer(std::string_view tensor) const {
  Node* const node = Find(NodeOf(tensor));
  return node == nullptr || IsControl(tensor) || IsEndpoint(*node) ? nullptr : node;
}

const std::vector<Node*>& Body::Consumers(const Node& node) const {
  static const std::vector<Node*> none;
  const auto found = consumers_.find(node.name);
  return found == consumers_.end() ? none : found->second;
}

bool Body::IsReturned(const Node& node) const {
  if (function_ == nullptr) return false;
  for (const auto* returns : {&function_->returns, &function_->control_returns})
    for (const wire::Entry& returned : *returns)
      if (NodeOf(returned.value) == node.name) return true;
  return false;
}

bool Body::IsConstant(std::string_view tensor) const {
  if (values_.count(NodeOf(tensor)) != 0) return true;
  const Node* const node = Producer(tensor);
  if (node == nullptr) return false;
  if (node->op == "Const") return node->inputs.empty();
  return ComputesAlike(node->op) && std::all_of(node->inputs.begin(), node->inputs.end(), [this](std::string_view input) {
    return !IsControl(input) && IsConstant(input);
  });
}

std::optional<Shape> Body::ShapeOf(std::string_view tensor) const {
  const auto value = values_.find(NodeOf(tensor));
  if (value != values_.end()) return ReadShape(value->second);
  const Node* const node = Find(NodeOf(tensor));
  if (node == nullptr) return std::nullopt;
  if (node->op == "Const") return ReadShape(wire::BytesOf(wire::BytesOf(node->Attribute("value"), 8), 2));
  const std::vector<std::string_view> shapes = ShapesOf(node->Attribute("_output_shapes"));
  if (shapes.size() == 1) return ReadShape(shapes[0]);
  if (node->op == "Identity" && !IsEndpoint(*node)) return ShapeOf(node->inputs.at(0));
  return std::nullopt;
}

std::string_view Body::Output(const Node& node, std::string_view output) const {
  if (function_ == nullptr) return node.name;
  return arena_->Keep(std::string(node.name) + ":" + std::string(output) + ":0");
}

std::string_view Body::NewName(std::string_view base, std::string_view what) const {
  std::string name = std::string(base) + "/" + std::string(what);
  while (by_name_.count(name) != 0 || values_.count(name) != 0) name += "_";
  return arena_->Keep(std::move(name));
}

Node* Body::Add(Node node) {
  changed_ = true;
  nodes_.push_back(std::make_unique<Node>(std::move(node)));
  Node* const added = nodes_.back().get();
  by_name_[added->name] = added;
  for (std::string_view input : added->inputs) consumers_[NodeOf(input)].push_back(added);
  return added;
}

std::string_view Body::AddIntegers(std::string_view name, const std::vector<int32_t>& values, const Node& near) {
  constexpr uint32_t kInt32 = 3;  // tensorflow.DataType
  std::string size, shape, packed, tensor, attribute;  // of TensorProto: dtype = 1, tensor_shape = 2, int_val = 7
  wire::AppendVarintField(&size, 1, values.size());
  wire::AppendBytes(&shape, 2, size);
  for (int32_t value : values) wire::AppendVarint(&packed, static_cast<uint64_t>(int64_t{value}));
  wire::AppendVarintField(&tensor, 1, kInt32);
  wire::AppendBytes(&tensor, 2, shape);
  wire::AppendBytes(&tensor, 7, packed);
  wire::AppendBytes(&attribute, 8, tensor);
  Node constant{name, "Const", {}, {}, near.device, {}};
  constant.SetAttribute("dtype", arena_->Keep(TypeAttribute(kInt32)));
  constant.SetAttribute("value", arena_->Keep(std::move(attribute)));
  return Output(*Add(std::move(constant)), "output");
}

void Body::Forget(std::string_view tensor, const Node* consumer) {
  std::vector<Node*>& consumers = consumers_[NodeOf(tensor)];
  const auto found = std::find(consumers.begin(), consumers.end(), consumer);
  if (found != consumers.end()) consumers.erase(found);
}

void Body::SetInput(Node* node, size_t index, std::string_view tensor) {
  changed_ = true;
  Forget(node->inputs.at(index), node);
  node->inputs[index] = tensor;
  consumers_[NodeOf(tensor)].push_back(node);
}

void Body::Replace(const Node& node, std::string_view tensor) {
  const std::vector<Node*> consumers = Consumers(node);
  for (Node* consumer : consumers)
    for (size_t i = 0; i < consumer->inputs.size(); ++i)
      if (!IsControl(consumer->inputs[i]) && NodeOf(consumer->inputs[i]) == node.name) SetInput(consumer, i, tensor);
  if (function_ == nullptr) return;
  for (wire::Entry& returned : function_->returns)
    if (NodeOf(returned.value) == node.name) returned.value = tensor;
}

void Body::Drop(Node* node) {
  if (!Consumers(*node).empty() || IsEndpoint(*node) || IsReturned(*node)) return;
  changed_ = true;
  for (std::string_view input : node->inputs) Forget(input, node);
  by_name_.erase(node->name);
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& other) { return other.get() == node; });
  dropped_.push_back(std::move(*found));
  nodes_.erase(found);
  node->op = {};
  node->inputs.clear();
}

}  // namespace celsiusify
