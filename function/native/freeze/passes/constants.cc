// What Const nodes hold: tensorflow.TensorProto (tensor.proto).
#include <algorithm>
#include <cstring>

#include "body.h"

namespace celsiusify {
namespace {

constexpr uint32_t kInt32 = 3, kInt64 = 9;  // tensorflow.DataType
constexpr uint32_t kContent = 4, kIntValues = 7, kInt64Values = 10;

std::string_view TensorOf(const Node& node) { return wire::BytesOf(node.Attribute("value"), 8); }

template <typename T>
std::vector<int64_t> FromContent(std::string_view content) {
  std::vector<int64_t> values;
  for (; content.size() >= sizeof(T); content.remove_prefix(sizeof(T))) {
    T value;
    std::memcpy(&value, content.data(), sizeof(T));
    values.push_back(value);
  }
  return values;
}

size_t CountOf(std::string_view shape) {
  size_t count = 1;
  wire::Reader reader(shape);
  for (wire::Field field; reader.Next(&field);)
    if (field.number == 2) count *= wire::VarintOf(field.bytes, 1);
  return count;
}

bool AreZeros(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

}  // namespace

std::optional<std::vector<int64_t>> IntegersOf(const Node* node) {
  if (node == nullptr || node->op != "Const") return std::nullopt;
  const std::string_view tensor = TensorOf(*node);
  const uint64_t type = wire::VarintOf(tensor, 1);
  if (type != kInt32 && type != kInt64) return std::nullopt;
  std::vector<int64_t> values;
  const std::string_view content = wire::BytesOf(tensor, kContent);
  if (!content.empty()) {
    values = type == kInt32 ? FromContent<int32_t>(content) : FromContent<int64_t>(content);
  } else {
    wire::Reader reader(tensor);
    for (wire::Field field; reader.Next(&field);) {
      if (field.number != (type == kInt32 ? kIntValues : kInt64Values)) continue;
      if (field.type == wire::kVarint) values.push_back(static_cast<int64_t>(field.varint));
      for (wire::Reader packed(field.bytes); !packed.AtEnd();) values.push_back(static_cast<int64_t>(packed.Varint()));
    }
  }
  // The last one stands for those that are left out.
  const size_t count = CountOf(wire::BytesOf(tensor, 2));
  if (values.size() < count && count <= 1024) values.resize(count, values.empty() ? 0 : values.back());
  return values.size() == count ? std::optional(values) : std::nullopt;
}

bool IsZero(const Node* node) {
  if (node == nullptr || node->op != "Const") return false;
  constexpr uint32_t kType = 1, kShape = 2, kVersion = 3;
  wire::Reader reader(TensorOf(*node));
  for (wire::Field field; reader.Next(&field);) {
    if (field.number == kType || field.number == kShape || field.number == kVersion) continue;
    const bool is_zero = field.type == wire::kVarint  ? field.varint == 0
                         : field.type == wire::kBytes ? AreZeros(field.bytes)
                                                      : AreZeros(field.raw.substr(1));  // after its tag
    if (!is_zero) return false;
  }
  return true;
}

}  // namespace celsiusify
