// The nodes of a graph, or of a function's body, for those who rewrite them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "../graph.h"

namespace celsiusify {

// Tensors are named as nodes' inputs name them: "node" or "node:index" in a graph, "argument" or "node:output:index" in a function.
class Body {
 public:
  // What is known of names that have no node here: tensors that are the values of variables. Names to serialised TensorShapeProtos.
  using Values = std::unordered_map<std::string_view, std::string_view>;

  // A graph, and the names of its nodes that are fed, fetched or run.
  Body(std::vector<Node>* nodes, Values values, std::unordered_set<std::string_view> endpoints, Arena* arena);
  // A function's body.
  Body(Function* function, Values values, Arena* arena);
  // Writes the nodes back.
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // All of now, in their order.
  std::vector<Node*> Nodes() const;
  // By its name; null where there is none.
  Node* Find(std::string_view name) const;
  // The node whose output a tensor is; null where it is an argument's or a variable's value, and where it can be fed.
  Node* Producer(std::string_view tensor) const;
  // Nodes that take any of its outputs or wait for it, each as often as it does so.
  const std::vector<Node*>& Consumers(const Node& node) const;
  // Whether the node is one of a graph's that are fed, fetched or run, and so known by its name outside.
  bool IsEndpoint(const Node& node) const { return endpoints_.count(node.name) != 0; }
  // Whether a function returns an output of the node, or waits for it.
  bool IsReturned(const Node& node) const;
  // Whether a tensor is the same in each run: a constant, a variable's value (a function's argument, too), or computed from such alone.
  bool IsConstant(std::string_view tensor) const;
  // As far as it is known; undefined where not even the number of dimensions is.
  std::optional<Shape> ShapeOf(std::string_view tensor) const;

  // The tensor that is the first of a node's output of this name.
  std::string_view Output(const Node& node, std::string_view output) const;
  // A new name that begins so.
  std::string_view NewName(std::string_view base, std::string_view what) const;
  Node* Add(Node node);
  // A new integer constant, of one dimension.
  std::string_view AddIntegers(std::string_view name, const std::vector<int32_t>& values, const Node& near);
  void SetInput(Node* node, size_t index, std::string_view tensor);
  // All that take the node's only output take another tensor in its place, and so does what a function returns. Not for endpoints.
  void Replace(const Node& node, std::string_view tensor);
  // Takes a node out that nothing needs; else leaves it. Who has listed the nodes before still has it, without an operation.
  void Drop(Node* node);

  bool changed() const { return changed_; }
  Arena* arena() const { return arena_; }

 private:
  void Index();
  void Forget(std::string_view tensor, const Node* consumer);

  std::vector<Node>* const target_;
  Function* const function_;
  const Values values_;
  std::unordered_set<std::string_view> endpoints_;
  Arena* const arena_;
  std::vector<std::unique_ptr<Node>> nodes_, dropped_;
  std::unordered_map<std::string_view, Node*> by_name_;
  std::unordered_map<std::string_view, std::vector<Node*>> consumers_;  // by the name of the node, or of what else it is
  bool changed_ = false;
};

// The integers of a Const; undefined where the node is none, or holds another type.
std::optional<std::vector<int64_t>> IntegersOf(const Node* node);
// Whether the node is a Const of zeros alone, of any type of numbers.
bool IsZero(const Node* node);

}  // namespace celsiusify
