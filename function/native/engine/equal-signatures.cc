#include "equal-signatures.h"

#include <algorithm>
#include <set>
#include <string>

namespace celsiusify {
namespace {

// What a node of these gives depends on what was given before, or on chance: two nodes of one kind are not one node.
bool HasOwnState(std::string_view op) {
  for (std::string_view part : {"Random", "Multinomial", "Rng", "Queue", "Barrier", "Accumulator", "Stage", "Mutable", "Iterator",
                                "Dataset", "Reader", "Variable", "Assign", "Anonymous", "PyFunc", "Summary"})
    if (op.find(part) != std::string_view::npos && op != "ReadVariableOp") return true;
  return false;
}

// Gives a number to each computation: the same to those that are made of the same.
class Numbers {
 public:
  explicit Numbers(const Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes) nodes_.emplace(node.name, &node);
  }

  uint64_t OfSignature(const SignatureTensors& signature) {
    Scope scope{nodes_, {}, {}};
    for (const auto& [key, tensor] : signature.inputs) {
      const std::string_view name = tensor.substr(0, tensor.rfind(':'));
      const auto node = nodes_.find(name);
      if (node == nodes_.end()) continue;
      scope.arguments.emplace(name, Of("input " + std::string(key) + Attributes(*node->second)));
    }
    std::string text = "signature";
    for (const auto& [key, tensor] : signature.outputs) {
      const size_t colon = tensor.rfind(':');
      text += ' ' + std::string(key) + '=' + std::to_string(OfNode(&scope, tensor.substr(0, colon)));
      if (colon != std::string_view::npos) text += tensor.substr(colon);
    }
    for (const auto& [key, tensor] : signature.inputs) text += ' ' + std::string(key);
    return Of(text);
  }

 private:
  static constexpr int kMaxDepth = 2000;  // of recursion, on a thread's stack
  using Nodes = std::unordered_map<std::string_view, const Node*>;
  // A graph or a function, where names mean something.
  struct Scope {
    const Nodes& nodes;
    std::unordered_map<std::string_view, uint64_t> arguments, done;
  };

  uint64_t Of(const std::string& text) { return numbers_.emplace(text, numbers_.size()).first->second; }
  uint64_t OnlyItself() { return Of("only itself " + std::to_string(numbers_.size())); }

  uint64_t OfNode(Scope* scope, std::string_view name) {
    if (const auto argument = scope->arguments.find(name); argument != scope->arguments.end()) return argument->second;
    if (const auto done = scope->done.find(name); done != scope->done.end()) return done->second;
    const auto found = scope->nodes.find(name);
    if (found == scope->nodes.end()) return OnlyItself();
    const Node& node = *found->second;
    uint64_t number;
    const bool is_source = node.inputs.empty() && node.op != "Const" && node.op != "NoOp";  // a variable, a table
    if (is_source && &scope->nodes == &nodes_) {
      number = Of("node " + std::string(name));
    } else if (is_source || HasOwnState(node.op) || depth_ == kMaxDepth) {
      number = OnlyItself();
    } else {
      ++depth_;
      std::string text = OfFunction(node.op) + Attributes(node);
      std::vector<std::string> after;
      for (std::string_view input : node.inputs) {
        if (input.front() == '^') {
          after.push_back(" ^" + std::to_string(OfNode(scope, input.substr(1))));
          continue;
        }
        const size_t colon = input.find(':');
        text += ' ' + std::to_string(OfNode(scope, input.substr(0, colon)));
        if (colon != std::string_view::npos) text += input.substr(colon);
      }
      std::sort(after.begin(), after.end());
      for (const std::string& other : after) text += other;
      number = Of(text);
      --depth_;
    }
    scope->done.emplace(name, number);
    return number;
  }

  // The operation, or the number of the function that it calls.
  std::string OfFunction(std::string_view name) {
    const auto definition = graph_.library.find(name);
    if (definition == graph_.library.end()) return std::string(name);
    if (const auto known = functions_.find(name); known != functions_.end()) return known->second;
    functions_.emplace(name, "recursive " + std::string(name));
    const Function function = ReadFunction(definition->second);
    Nodes nodes;
    for (const Node& node : function.nodes) nodes.emplace(node.name, &node);
    Scope scope{nodes, {}, {}};
    for (size_t i = 0; i < function.inputs.size(); ++i)
      scope.arguments.emplace(function.inputs[i].name,
                              Of("argument " + std::to_string(i) + ' ' + std::to_string(function.inputs[i].type)));
    std::map<std::string_view, std::string_view> returns;
    for (const wire::Entry& entry : function.returns) returns.emplace(entry.key, entry.value);
    std::string text = "function " + std::to_string(function.inputs.size());
    for (const Argument& output : function.outputs) {
      const std::string_view tensor = returns[output.name];
      const size_t colon = tensor.find(':');
      text += ' ' + std::to_string(OfNode(&scope, tensor.substr(0, colon)));
      if (colon != std::string_view::npos) text += tensor.substr(colon);
    }
    std::set<uint64_t> after;
    for (const wire::Entry& entry : function.control_returns) after.insert(OfNode(&scope, entry.value));
    for (const uint64_t other : after) text += " ^" + std::to_string(other);
    return functions_[name] = '#' + std::to_string(Of(text));
  }

  // Without what is only said of a node; functions by what they do.
  std::string Attributes(const Node& node) {
    std::map<std::string_view, std::string> attributes;
    for (const wire::Entry& attribute : node.attributes) {
      if (attribute.key.front() == '_') continue;
      const std::vector<std::string_view> functions = FunctionsOf(attribute.value);
      std::string& value = attributes[attribute.key];
      if (functions.empty()) value = attribute.value;
      for (std::string_view function : functions) value += OfFunction(function);
    }
    std::string text = std::string(node.device) + " {";
    for (const auto& [key, value] : attributes)
      text += std::string(key) + ':' + std::to_string(value.size()) + ':' + value + ',';
    return text + '}';
  }

  const Graph& graph_;
  Nodes nodes_;
  int depth_ = 0;
  std::unordered_map<std::string, uint64_t> numbers_;
  std::unordered_map<std::string_view, std::string> functions_;
};

}  // namespace

std::vector<size_t> EqualSignatures(const Graph& graph, const std::vector<SignatureTensors>& signatures) {
  Numbers numbers(graph);
  std::map<uint64_t, size_t> first;
  std::vector<size_t> equal;
  for (size_t i = 0; i < signatures.size(); ++i)
    equal.push_back(first.emplace(numbers.OfSignature(signatures[i]), i).first->second);
  return equal;
}

}  // namespace celsiusify
