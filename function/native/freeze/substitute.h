// Puts tensors where variables' resources stood: in a graph's nodes, and in the functions that they call.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph.h"

namespace celsiusify {

// Why a graph is left as it is, in one line.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a variable holds.
struct Content {
  uint32_t type;           // tensorflow.DataType
  std::string_view shape;  // a serialised TensorShapeProto
  std::string_view variable;
};

class Substitution {
 public:
  // All must live longer than this. `variables`: by the names of the nodes of `graph` that make their resources.
  Substitution(const Graph& graph, const std::unordered_map<std::string_view, Content>& variables, Arena* arena);

  // A node of the graph as it reads where each variable is a tensor of the same name, and what it needs besides.
  // Throws Refusal where it does more with a variable than read it, or where that is not known.
  std::vector<Node> Rewrite(const Node& node);

  // What those nodes call, as serialised FunctionDefs by name: functions of the graph, and variants that take tensors.
  const std::map<std::string_view, std::string_view>& functions() const { return functions_; }

 private:
  // A tensor that was a resource: which of the scope's variables, or of a function's inputs, it is.
  struct Value {
    size_t origin;
    Content content;
  };
  using Values = std::vector<std::optional<Value>>;
  // Where tensors' names hold: the graph, or one function.
  struct Scope {
    std::string_view function;  // empty for the graph
    std::unordered_map<std::string_view, const Node*> nodes;
    std::unordered_map<std::string_view, Value> sources;
    std::unordered_map<std::string_view, std::optional<Value>> found;
  };
  // A function with tensors for some of its inputs.
  struct Variant {
    std::string_view name;
    std::vector<std::optional<size_t>> forwards;  // for each output the input that it hands back as it is
  };
  // A node that calls functions, all with the same inputs.
  struct Call {
    std::vector<std::string_view> attributes;  // that name the functions; none where the node's op does
    size_t first = 0;                          // of the node's inputs, those before are not for the functions
    std::vector<const Variant*> variants;
    Values inputs;
  };

  std::optional<Value> Find(Scope& scope, std::string_view tensor);
  std::optional<Value> FindOutput(Scope& scope, const Node& node, std::string_view tensor);
  Values FindInputs(Scope& scope, const Node& node);
  std::vector<Node> Rewrite(Scope& scope, const Node& node);
  std::string_view Reference(Scope& scope, std::string_view tensor);
  bool RewriteRead(const Scope& scope, const Content& content, Node* node, std::vector<Node>* added);
  bool RewriteForward(const Values& values, Node* node);
  std::optional<Call> CallOf(const Node& node, const Values& values);
  void RewriteCall(const Call& call, Node* node);
  const Variant& VariantOf(std::string_view function, const Values& inputs);
  Variant MakeVariant(std::string_view function, const Values& inputs);
  void KeepFunctions(const Node& node);

  const Graph& graph_;
  Arena* arena_;
  Scope main_;
  std::map<std::string, Variant> variants_;
  std::set<std::string> in_progress_;
  std::map<std::string_view, std::string_view> functions_;
};

}  // namespace celsiusify
