// A batch norm is a factor and an addend for each channel. TensorFlow multiplies the weights of a convolution before it by the factor, and
// has the convolution do the rest; of a depthwise one it does neither, unless the factor is gone.
#include "passes.h"

namespace celsiusify {
namespace {

constexpr uint64_t kFloat = 1;  // tensorflow.DataType

bool IsFloat(const Node& node) { return wire::VarintOf(node.Attribute("T"), 6) == kFloat; }

// A depthwise convolution that nothing else needs but for its product.
Node* ConvolutionBefore(const Body& body, std::string_view tensor) {
  Node* const node = body.Producer(tensor);
  const bool is_convolution = node != nullptr && node->op == "DepthwiseConv2dNative" && node->inputs.size() == 2;
  if (!is_convolution || !IsFloat(*node) || body.Consumers(*node).size() != 1 || body.IsReturned(*node)) return nullptr;
  const std::string_view format = wire::BytesOf(node->Attribute("data_format"), 2);
  return format.empty() || format == "NHWC" ? node : nullptr;
}

// Whether a tensor has one element for each channel, and nothing else.
bool IsByChannel(const std::optional<Shape>& shape, int64_t channels) {
  if (!shape || shape->empty() || shape->size() > 4 || shape->back() != channels) return false;
  for (size_t i = 0; i + 1 < shape->size(); ++i)
    if ((*shape)[i] != 1) return false;
  return true;
}

std::string_view AddBinary(Body* body, std::string_view name, std::string_view op, std::string_view output,
                           std::string_view left, std::string_view right, const Node& near) {
  Node node{name, op, {left, right}, {}, near.device, {}};
  node.SetAttribute("T", near.Attribute("T"));
  return body->Output(*body->Add(std::move(node)), output);
}

}  // namespace

void ScaleDepthwiseWeights(Body* body) {
  for (Node* product : body->Nodes()) {
    if (product->op != "Mul" || product->inputs.size() != 2 || body->IsEndpoint(*product)) continue;
    size_t data = 0;
    Node* convolution = ConvolutionBefore(*body, product->inputs[data]);
    if (convolution == nullptr) convolution = ConvolutionBefore(*body, product->inputs[++data]);
    if (convolution == nullptr) continue;
    const std::string_view weights = convolution->inputs[1], factor = product->inputs[1 - data];
    if (!body->IsConstant(weights) || !body->IsConstant(factor)) continue;
    // height, width, channels, and how many results of each
    const std::optional<Shape> shape = body->ShapeOf(weights);
    if (!shape || shape->size() != 4 || (*shape)[2] < 1 || (*shape)[3] < 1) continue;
    if (!IsByChannel(body->ShapeOf(factor), (*shape)[2] * (*shape)[3])) continue;

    const std::string_view sizes =
        body->AddIntegers(body->NewName(convolution->name, "scale_shape"),
                           {static_cast<int32_t>((*shape)[2]), static_cast<int32_t>((*shape)[3])}, *convolution);
    const std::string_view scale = AddBinary(body, body->NewName(convolution->name, "scale"), "Reshape", "output", factor, sizes, *convolution);
    const std::string_view scaled = AddBinary(body, body->NewName(convolution->name, "scaled_weights"), "Mul", "z", weights, scale, *convolution);
    body->SetInput(convolution, 1, scaled);
    body->Replace(*product, product->inputs[data]);
    body->Drop(product);
  }
}

}  // namespace celsiusify
