#include "graph.h"

#include <algorithm>

namespace celsiusify {
namespace {

using wire::Field;
using wire::Reader;

Node ReadNode(std::string_view definition) {
  Node node;
  Reader reader(definition);
  for (Field field; reader.Next(&field);) {
    switch (field.number) {
      case 1: node.name = field.bytes; break;
      case 2: node.op = field.bytes; break;
      case 3: node.inputs.push_back(field.bytes); break;
      case 4: node.device = field.bytes; break;
      case 5: node.attributes.push_back(wire::EntryOf(field.bytes)); break;
      case 7: node.full_type = field.bytes; break;
    }
  }
  return node;
}

Argument ReadArgument(std::string_view definition) {
  return {wire::BytesOf(definition, 1), static_cast<uint32_t>(wire::VarintOf(definition, 3)), definition};
}

void AppendArgument(std::string* message, uint32_t number, const Argument& argument) {
  if (!argument.definition.empty()) {
    wire::AppendBytes(message, number, argument.definition);
    return;
  }
  std::string definition;
  wire::AppendBytes(&definition, 1, argument.name);
  wire::AppendVarintField(&definition, 3, argument.type);
  wire::AppendBytes(message, number, definition);
}

// NameAttrList: a function's name and attributes.
void AppendNames(std::string_view function, std::vector<std::string_view>* names) {
  names->push_back(wire::BytesOf(function, 1));
  Reader reader(function);
  for (Field field; reader.Next(&field);) {
    if (field.number != 2) continue;
    for (std::string_view name : FunctionsOf(wire::EntryOf(field.bytes).value)) names->push_back(name);
  }
}

std::string WithName(std::string_view function, std::string_view name) {
  std::string renamed;
  wire::AppendBytes(&renamed, 1, name);
  Reader reader(function);
  for (Field field; reader.Next(&field);)
    if (field.number != 1) renamed.append(field.raw);
  return renamed;
}

}  // namespace

std::string_view Node::Attribute(std::string_view key) const {
  for (const wire::Entry& attribute : attributes)
    if (attribute.key == key) return attribute.value;
  return {};
}

void Node::SetAttribute(std::string_view key, std::string_view value) {
  RemoveAttribute(key);
  attributes.push_back({key, value});
}

void Node::RemoveAttribute(std::string_view key) {
  for (size_t i = attributes.size(); i-- > 0;)
    if (attributes[i].key == key) attributes.erase(attributes.begin() + i);
}

// MetaInfoDef = 1 with its tags = 4.
std::set<std::string_view> TagsOf(std::string_view meta_graph) {
  std::set<std::string_view> tags;
  wire::Reader reader(wire::BytesOf(meta_graph, 1));
  for (wire::Field field; reader.Next(&field);)
    if (field.number == 4) tags.insert(field.bytes);
  return tags;
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> texts) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string_view NodeOf(std::string_view tensor) {
  if (!tensor.empty() && tensor.front() == '^') tensor.remove_prefix(1);
  return tensor.substr(0, tensor.find(':'));
}

// TensorShapeProto: dim = 2 with size = 1, unknown_rank = 3
std::optional<Shape> ReadShape(std::string_view message) {
  if (wire::VarintOf(message, 3) != 0) return std::nullopt;
  Shape shape;
  Reader reader(message);
  for (Field field; reader.Next(&field);)
    if (field.number == 2) shape.push_back(static_cast<int64_t>(wire::VarintOf(field.bytes, 1)));
  return shape;
}

Graph ReadGraph(std::string_view graph_def) {
  Graph graph;
  Reader reader(graph_def);
  for (Field field; reader.Next(&field);) {
    if (field.number == 1) graph.nodes.push_back(ReadNode(field.bytes));
    if (field.number == 4) graph.versions = field.bytes;
    if (field.number != 2) continue;
    Reader library(field.bytes);
    for (Field part; library.Next(&part);)
      if (part.number == 1) graph.library[wire::BytesOf(wire::BytesOf(part.bytes, 1), 1)] = part.bytes;
  }
  return graph;
}

Function ReadFunction(std::string_view function_def) {
  Function function;
  Reader reader(function_def);
  for (Field field; reader.Next(&field);) {
    switch (field.number) {
      case 1: function.signature = field.bytes; break;
      case 3: function.nodes.push_back(ReadNode(field.bytes)); break;
      case 4: function.returns.push_back(wire::EntryOf(field.bytes)); break;
      case 5: function.attributes.push_back(wire::EntryOf(field.bytes)); break;
      case 6: function.control_returns.push_back(wire::EntryOf(field.bytes)); break;
      case 7: function.input_attributes[wire::VarintOf(field.bytes, 1)] = wire::BytesOf(field.bytes, 2); break;
      case 8: function.resource_ids[wire::VarintOf(field.bytes, 1)] = wire::VarintOf(field.bytes, 2); break;
    }
  }
  Reader signature(function.signature);
  for (Field field; signature.Next(&field);) {
    if (field.number == 1) function.name = field.bytes;
    if (field.number == 2) function.inputs.push_back(ReadArgument(field.bytes));
    if (field.number == 3) function.outputs.push_back(ReadArgument(field.bytes));
  }
  return function;
}

void AppendNode(std::string* message, uint32_t number, const Node& node) {
  std::string definition;
  wire::AppendBytes(&definition, 1, node.name);
  wire::AppendBytes(&definition, 2, node.op);
  for (std::string_view input : node.inputs) wire::AppendBytes(&definition, 3, input);
  if (!node.device.empty()) wire::AppendBytes(&definition, 4, node.device);
  for (const wire::Entry& attribute : node.attributes)
    if (attribute.key != "_class") wire::AppendEntry(&definition, 5, attribute.key, attribute.value);
  if (!node.full_type.empty()) wire::AppendBytes(&definition, 7, node.full_type);
  wire::AppendBytes(message, number, definition);
}

std::string WriteFunction(const Function& function) {
  std::string signature;
  wire::AppendBytes(&signature, 1, function.name);
  for (const Argument& input : function.inputs) AppendArgument(&signature, 2, input);
  for (const Argument& output : function.outputs) AppendArgument(&signature, 3, output);
  Reader reader(function.signature);
  for (Field field; reader.Next(&field);)
    if (field.number > 3) signature.append(field.raw);

  std::string definition;
  wire::AppendBytes(&definition, 1, signature);
  for (const Node& node : function.nodes) AppendNode(&definition, 3, node);
  for (const wire::Entry& entry : function.returns) wire::AppendEntry(&definition, 4, entry.key, entry.value);
  for (const wire::Entry& entry : function.attributes) wire::AppendEntry(&definition, 5, entry.key, entry.value);
  for (const wire::Entry& entry : function.control_returns) wire::AppendEntry(&definition, 6, entry.key, entry.value);
  for (const auto& [index, attributes] : function.input_attributes) {
    std::string entry;
    wire::AppendVarintField(&entry, 1, index);
    wire::AppendBytes(&entry, 2, attributes);
    wire::AppendBytes(&definition, 7, entry);
  }
  for (const auto& [index, id] : function.resource_ids) {
    std::string entry;
    wire::AppendVarintField(&entry, 1, index);
    wire::AppendVarintField(&entry, 2, id);
    wire::AppendBytes(&definition, 8, entry);
  }
  return definition;
}

std::string TypeAttribute(uint32_t type) {
  std::string attribute;
  wire::AppendVarintField(&attribute, 6, type);
  return attribute;
}

std::string TypesAttribute(const Types& types) {
  std::string packed, list, attribute;
  for (uint32_t type : types) wire::AppendVarint(&packed, type);
  wire::AppendBytes(&list, 6, packed);
  wire::AppendBytes(&attribute, 1, list);
  return attribute;
}

Types TypesOf(std::string_view attribute) {
  Types types;
  Reader reader(wire::BytesOf(attribute, 1));
  for (Field field; reader.Next(&field);) {
    if (field.number != 6) continue;
    if (field.type == wire::kVarint) types.push_back(static_cast<uint32_t>(field.varint));
    for (Reader packed(field.bytes); !packed.AtEnd();) types.push_back(static_cast<uint32_t>(packed.Varint()));
  }
  return types;
}

std::string IntsAttribute(const std::vector<int64_t>& values) {
  std::string packed, list, attribute;
  for (int64_t value : values) wire::AppendVarint(&packed, static_cast<uint64_t>(value));
  wire::AppendBytes(&list, 3, packed);
  wire::AppendBytes(&attribute, 1, list);
  return attribute;
}

std::vector<int64_t> IntsOf(std::string_view attribute) {
  std::vector<int64_t> values;
  Reader reader(wire::BytesOf(attribute, 1));
  for (Field field; reader.Next(&field);) {
    if (field.number != 3) continue;
    if (field.type == wire::kVarint) values.push_back(static_cast<int64_t>(field.varint));
    for (Reader packed(field.bytes); !packed.AtEnd();) values.push_back(static_cast<int64_t>(packed.Varint()));
  }
  return values;
}

std::string ShapesAttribute(const std::vector<std::string_view>& shapes) {
  std::string list, attribute;
  for (std::string_view shape : shapes) wire::AppendBytes(&list, 7, shape);
  wire::AppendBytes(&attribute, 1, list);
  return attribute;
}

std::vector<std::string_view> ShapesOf(std::string_view attribute) {
  std::vector<std::string_view> shapes;
  Reader reader(wire::BytesOf(attribute, 1));
  for (Field field; reader.Next(&field);)
    if (field.number == 7) shapes.push_back(field.bytes);
  return shapes;
}

std::vector<std::string_view> FunctionsOf(std::string_view attribute) {
  std::vector<std::string_view> names;
  Reader reader(attribute);
  for (Field field; reader.Next(&field);) {
    if (field.number == 10) AppendNames(field.bytes, &names);
    if (field.number != 1) continue;
    Reader list(field.bytes);
    for (Field part; list.Next(&part);)
      if (part.number == 9) AppendNames(part.bytes, &names);
  }
  return names;
}

std::string WithFunctions(std::string_view attribute, const std::vector<std::string_view>& names) {
  std::string list, renamed;
  Reader reader(attribute);
  for (Field field; reader.Next(&field);) {
    if (field.number == 10) wire::AppendBytes(&renamed, 10, WithName(field.bytes, names.at(0)));
    if (field.number != 1) continue;
    Reader parts(field.bytes);
    size_t next = 0;
    for (Field part; parts.Next(&part);)
      if (part.number == 9) wire::AppendBytes(&list, 9, WithName(part.bytes, names.at(next++)));
    wire::AppendBytes(&renamed, 1, list);
  }
  return renamed;
}

}  // namespace celsiusify
