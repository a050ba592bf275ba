// Padding with zeros before a convolution costs a copy of the whole tensor; a convolution that pads by itself costs nothing more.
// Models have it because "SAME" pads as much as possible after the last row and column, and those that come from elsewhere pad before the first.
#include <algorithm>

#include "passes.h"

namespace celsiusify {
namespace {

// By a tensor's dimensions, which are rows, height, width and channels.
struct Padding {
  int64_t before[4];
  int64_t after[4];
};

std::string_view TextOf(const Node& node, std::string_view key, std::string_view otherwise) {
  const std::string_view text = wire::BytesOf(node.Attribute(key), 2);
  return text.empty() ? otherwise : text;
}

bool IsConvolution(const Node& node) {
  return (node.op == "Conv2D" || node.op == "DepthwiseConv2dNative") && node.inputs.size() == 2 &&
         TextOf(node, "padding", "") == "VALID" && TextOf(node, "data_format", "NHWC") == "NHWC";
}

// Of height and width alone, with zeros. Undefined where the node does anything else.
std::optional<Padding> PaddingOf(const Body& body, const Node* node) {
  if (node == nullptr) return std::nullopt;
  const bool has_value = node->op == "PadV2";
  if (!(node->op == "Pad" || has_value) || node->inputs.size() != (has_value ? 3 : 2)) return std::nullopt;
  if (has_value && !IsZero(body.Producer(node->inputs[2]))) return std::nullopt;
  const auto amounts = IntegersOf(body.Producer(node->inputs[1]));
  if (!amounts || amounts->size() != 8) return std::nullopt;
  Padding padding;
  for (size_t i = 0; i < 4; ++i) {
    padding.before[i] = (*amounts)[2 * i];
    padding.after[i] = (*amounts)[2 * i + 1];
    const bool is_spatial = i == 1 || i == 2;
    if (padding.before[i] < 0 || padding.after[i] < 0) return std::nullopt;
    if (!is_spatial && padding.before[i] + padding.after[i] != 0) return std::nullopt;
  }
  return padding;
}

std::vector<int64_t> FourOf(const Node& node, std::string_view key) {
  std::vector<int64_t> values = IntsOf(node.Attribute(key));
  if (values.size() != 4) values.assign(4, 1);
  return values;
}

// Whether "SAME" pads just so: with stride 1 at any size.
bool IsSame(const Body& body, const Node& convolution, const Padding& padding) {
  const std::optional<Shape> filter = body.ShapeOf(convolution.inputs[1]);
  if (!filter || filter->size() != 4) return false;
  const Shape padded = body.ShapeOf(convolution.inputs[0]).value_or(Shape());
  const std::vector<int64_t> strides = FourOf(convolution, "strides"), dilations = FourOf(convolution, "dilations");
  for (size_t i = 1; i <= 2; ++i) {
    const int64_t stride = strides[i], window = ((*filter)[i - 1] - 1) * dilations[i] + 1;
    const int64_t size = padded.size() == 4 ? padded[i] - padding.before[i] - padding.after[i] : -1;
    if (window < 1 || stride < 1 || (size < 1 && stride != 1)) return false;
    const int64_t all = stride == 1 ? window - 1 : std::max<int64_t>((size - 1) / stride * stride + window - size, 0);
    if (padding.before[i] != all / 2 || padding.after[i] != all - all / 2) return false;
  }
  return true;
}

void SetPadding(Body* body, Node* convolution, std::string_view name) {
  std::string attribute;
  wire::AppendBytes(&attribute, 2, name);
  convolution->SetAttribute("padding", body->arena()->Keep(std::move(attribute)));
}

}  // namespace

void PadInConvolutions(Body* body) {
  for (Node* convolution : body->Nodes()) {
    if (!IsConvolution(*convolution)) continue;
    Node* const pad = body->Producer(convolution->inputs[0]);
    const std::optional<Padding> padding = PaddingOf(*body, pad);
    if (!padding) continue;
    if (IsSame(*body, *convolution, *padding)) {
      SetPadding(body, convolution, "SAME");
    } else if (convolution->op == "Conv2D") {
      SetPadding(body, convolution, "EXPLICIT");
      std::vector<int64_t> amounts;
      for (size_t i = 0; i < 4; ++i) amounts.insert(amounts.end(), {padding->before[i], padding->after[i]});
      convolution->SetAttribute("explicit_paddings", body->arena()->Keep(IntsAttribute(amounts)));
    } else {
      continue;  // TensorFlow fuses no depthwise convolution that is padded otherwise with what follows
    }
    body->SetInput(convolution, 0, pad->inputs[0]);
    body->Drop(pad);
  }
}

}  // namespace celsiusify
