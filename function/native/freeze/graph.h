// The parts of tensorflow.GraphDef that freezing reads and writes: graph.proto, node_def.proto, function.proto,
// op_def.proto and attr_value.proto of tensorflow/core/framework.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../wire.h"

namespace celsiusify {

// Keeps what was written anew beside the views into what was read.
class Arena {
 public:
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  std::deque<std::string> texts_;
};

using Types = std::vector<uint32_t>;  // numbers of tensorflow.DataType
// Sizes of a tensor's dimensions; -1 where one is known at run time alone.
using Shape = std::vector<int64_t>;

// A node of a graph or of a function. All views point into what it was read from, or into an Arena.
struct Node {
  std::string_view name;
  std::string_view op;
  // In a graph "node", "node:index" or "^node"; in a function "argument", "node:output:index" or "^node".
  std::vector<std::string_view> inputs;
  std::vector<wire::Entry> attributes;  // values are serialised AttrValues
  std::string_view device;
  std::string_view full_type;

  // The serialised AttrValue; empty where there is none.
  std::string_view Attribute(std::string_view key) const;
  void SetAttribute(std::string_view key, std::string_view value);
  void RemoveAttribute(std::string_view key);
};

struct Argument {
  std::string_view name;
  uint32_t type;  // 0 where an attribute of the call says it
  std::string_view definition;
};

struct Function {
  std::string_view name;
  std::vector<Argument> inputs;
  std::vector<Argument> outputs;
  std::vector<Node> nodes;
  std::vector<wire::Entry> returns;           // output -> tensor
  std::vector<wire::Entry> control_returns;   // control output -> node
  std::vector<wire::Entry> attributes;
  std::map<uint64_t, std::string_view> input_attributes;  // by the input's index: serialised ArgAttrs
  std::map<uint64_t, uint64_t> resource_ids;              // by the input's index
  std::string_view signature;                             // the serialised OpDef
};

struct Graph {
  std::vector<Node> nodes;
  std::unordered_map<std::string_view, std::string_view> library;  // serialised FunctionDefs by name
  std::string_view versions;
};

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> texts);

// The name of the node, or of the function's argument, that a node's input names.
std::string_view NodeOf(std::string_view tensor);

// A TensorShapeProto; undefined where not even the number of dimensions is known.
std::optional<Shape> ReadShape(std::string_view message);

Graph ReadGraph(std::string_view graph_def);
Function ReadFunction(std::string_view function_def);

// The tags of a MetaGraphDef, by which TensorFlow looks for one: all of them.
std::set<std::string_view> TagsOf(std::string_view meta_graph);

// Nodes' colocation with others is left out: there is one device, and the other may not be there any more.
void AppendNode(std::string* message, uint32_t number, const Node& node);
std::string WriteFunction(const Function& function);

std::string TypeAttribute(uint32_t type);
std::string TypesAttribute(const Types& types);
Types TypesOf(std::string_view attribute);
std::string IntsAttribute(const std::vector<int64_t>& values);
std::vector<int64_t> IntsOf(std::string_view attribute);
std::string ShapesAttribute(const std::vector<std::string_view>& shapes);  // serialised TensorShapeProtos
std::vector<std::string_view> ShapesOf(std::string_view attribute);

// The functions that an attribute names, those in the attributes of these too.
std::vector<std::string_view> FunctionsOf(std::string_view attribute);
// The attribute, which is a function or a list of them, with other names.
std::string WithFunctions(std::string_view attribute, const std::vector<std::string_view>& names);

}  // namespace celsiusify
