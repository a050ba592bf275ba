// What follows a convolution channel by channel (its bias, a batch norm, which is a factor and an addend) becomes part of its weights
// and one bias. TensorFlow's optimiser does so for the simplest forms alone, for no depthwise convolution, and leaves sums that keep it
// from having the convolution add the bias, what a residual block adds, and the activation in one go.
#include <algorithm>

#include "passes.h"

namespace celsiusify {
namespace {

constexpr uint64_t kFloat = 1;  // tensorflow.DataType
constexpr std::string_view kDepthwise = "DepthwiseConv2dNative";

bool IsFloat(const Node& node, std::string_view key = "T") { return wire::VarintOf(node.Attribute(key), 6) == kFloat; }

bool IsChannelsLast(const Node& node) {
  const std::string_view format = wire::BytesOf(node.Attribute("data_format"), 2);
  return format.empty() || format == "NHWC";
}

// Folds what follows one convolution. Tensors in it are of one element for each channel, or empty.
class Fold {
 public:
  Fold(Body* body, Node* convolution) : body_(body), convolution_(convolution), tail_(convolution) {}

  void Make() {
    if (!HasConstantWeights()) return;
    while (Take(Next())) {
    }
    // A lone bias is as it should be.
    if (taken_.empty() || (scale_.empty() && taken_.size() == 1 && tail_->op == "BiasAdd")) return;
    if (!scale_.empty()) body_->SetInput(convolution_, 1, Scaled(convolution_->inputs[1]));
    std::string_view result = body_->Output(*convolution_, "output");
    if (!offset_.empty()) result = Add("bias", "BiasAdd", {result, offset_});
    body_->Replace(*tail_, result);
    for (; !taken_.empty(); taken_.pop_back()) body_->Drop(taken_.back());
  }

 private:
  bool HasConstantWeights() {
    const bool is_convolution = convolution_->op == "Conv2D" || convolution_->op == kDepthwise;
    if (!is_convolution || convolution_->inputs.size() != 2 || !IsFloat(*convolution_) || !IsChannelsLast(*convolution_))
      return false;
    const std::optional<Shape> shape = body_->ShapeOf(convolution_->inputs[1]);
    if (!shape || shape->size() != 4 || std::any_of(shape->begin(), shape->end(), [](int64_t size) { return size < 1; }))
      return false;
    // height, width, channels of the input, and results: of all of them together, or of each
    weights_ = *shape;
    channels_ = convolution_->op == kDepthwise ? weights_[2] * weights_[3] : weights_[3];
    return body_->IsConstant(convolution_->inputs[1]);
  }

  // The one node that takes what there is by now; null where others do, too, or somebody outside.
  Node* Next() const {
    const std::vector<Node*>& consumers = body_->Consumers(*tail_);
    if (consumers.size() != 1 || body_->IsEndpoint(*tail_) || body_->IsReturned(*tail_)) return nullptr;
    return body_->IsEndpoint(*consumers[0]) ? nullptr : consumers[0];
  }

  bool Take(Node* node) {
    if (node == nullptr || !(TakeBinary(*node) || TakeNorm(*node))) return false;
    taken_.push_back(node);
    tail_ = node;
    return true;
  }

  bool TakeBinary(const Node& node) {
    const bool is_sum = node.op == "Add" || node.op == "AddV2", is_bias = node.op == "BiasAdd" && IsChannelsLast(node);
    if (!(is_sum || is_bias || node.op == "Mul" || node.op == "Sub") || node.inputs.size() != 2) return false;
    const size_t data = body_->Producer(node.inputs[0]) == tail_ ? 0 : 1;
    if (body_->Producer(node.inputs[data]) != tail_ || (data == 1 && node.op != "Mul" && !is_sum)) return false;
    if (!IsByChannel(node.inputs[1 - data])) return false;
    const std::string_view value = ByChannel(node.inputs[1 - data]);
    if (node.op == "Mul") Multiply(value);
    else Offset(value, node.op == "Sub" ? "Sub" : "AddV2");
    return true;
  }

  // A batch norm as TensorFlow 1 and Keras 2 have it: input, scale, offset, mean, variance.
  bool TakeNorm(const Node& node) {
    const bool is_norm = node.op == "FusedBatchNorm" || node.op == "FusedBatchNormV2" || node.op == "FusedBatchNormV3";
    if (!is_norm || node.inputs.size() != 5 || body_->Producer(node.inputs[0]) != tail_ || !IsChannelsLast(node)) return false;
    if (node.op != "FusedBatchNorm" && !IsFloat(node, "U")) return false;
    if (node.Attribute("is_training").empty() || wire::VarintOf(node.Attribute("is_training"), 5) != 0) return false;
    if (!std::all_of(node.inputs.begin() + 1, node.inputs.end(), [this](std::string_view input) { return IsByChannel(input); }))
      return false;
    if (UsesOtherOutputs(node)) return false;
    wire::Reader reader(node.Attribute("epsilon"));
    std::string_view epsilon;
    for (wire::Field field; reader.Next(&field);)
      if (field.number == 4) epsilon = field.raw.substr(1);  // a float after its tag
    if (epsilon.size() != sizeof(float)) return false;
    const std::string_view root =
        Add("rsqrt", "Rsqrt", {Add("variance", "AddV2", {ByChannel(node.inputs[4]), AddFloat("epsilon", epsilon)})});
    const std::string_view factor = Add("factor", "Mul", {ByChannel(node.inputs[1]), root});
    Offset(ByChannel(node.inputs[3]), "Sub");
    Multiply(factor);
    Offset(ByChannel(node.inputs[2]), "AddV2");
    return true;
  }

  // Its others are statistics.
  bool UsesOtherOutputs(const Node& node) const {
    const std::string_view first = body_->Output(node, "y");
    for (const Node* consumer : body_->Consumers(node))
      for (std::string_view input : consumer->inputs)
        if (input.substr(0, node.name.size() + 1) == std::string(node.name) + ":" && input != first && input != std::string(node.name) + ":0")
          return true;
    return body_->IsReturned(node);
  }

  // Whether a tensor is the same in each run, and has one element for each channel and no others.
  bool IsByChannel(std::string_view tensor) const {
    const std::optional<Shape> shape = body_->ShapeOf(tensor);
    if (!shape || shape->empty() || shape->size() > 4 || shape->back() != channels_) return false;
    if (std::any_of(shape->begin(), shape->end() - 1, [](int64_t size) { return size != 1; })) return false;
    return body_->IsConstant(tensor);
  }

  std::string_view ByChannel(std::string_view tensor) {
    if (body_->ShapeOf(tensor)->size() == 1) return tensor;
    return Reshaped(tensor, {static_cast<int32_t>(channels_)});
  }

  void Multiply(std::string_view factor) {
    scale_ = scale_.empty() ? factor : Add("scale", "Mul", {scale_, factor});
    if (!offset_.empty()) offset_ = Add("scaled_offset", "Mul", {offset_, factor});
  }

  void Offset(std::string_view value, std::string_view op) {
    if (!offset_.empty()) offset_ = Add("offset", op, {offset_, value});
    else offset_ = op == "Sub" ? Add("offset", "Neg", {value}) : value;
  }

  std::string_view Scaled(std::string_view weights) {
    const bool is_depthwise = convolution_->op == kDepthwise;
    const std::string_view scale =
        is_depthwise ? Reshaped(scale_, {static_cast<int32_t>(weights_[2]), static_cast<int32_t>(weights_[3])}) : scale_;
    return Add("scaled_weights", "Mul", {weights, scale});
  }

  std::string_view Reshaped(std::string_view tensor, const std::vector<int32_t>& sizes) {
    return Add("reshaped", "Reshape", {tensor, body_->AddIntegers(NewName("sizes"), sizes, *convolution_)});
  }

  std::string_view NewName(std::string_view what) const { return body_->NewName(convolution_->name, what); }

  std::string_view Add(std::string_view what, std::string_view op, const std::vector<std::string_view>& inputs) {
    Node node{NewName(what), op, inputs, {}, convolution_->device, {}};
    node.SetAttribute("T", convolution_->Attribute("T"));
    const std::string_view output = op == "Reshape" || op == "BiasAdd" ? "output" : op == "Neg" || op == "Rsqrt" ? "y" : "z";
    return body_->Output(*body_->Add(std::move(node)), output);
  }

  // A scalar; `bytes` are those of a float.
  std::string_view AddFloat(std::string_view what, std::string_view bytes) {
    std::string tensor, attribute;  // of TensorProto: dtype = 1, tensor_shape = 2, tensor_content = 4
    wire::AppendVarintField(&tensor, 1, kFloat);
    wire::AppendBytes(&tensor, 2, "");
    wire::AppendBytes(&tensor, 4, bytes);
    wire::AppendBytes(&attribute, 8, tensor);
    Node node{NewName(what), "Const", {}, {}, convolution_->device, {}};
    node.SetAttribute("dtype", convolution_->Attribute("T"));
    node.SetAttribute("value", body_->arena()->Keep(std::move(attribute)));
    return body_->Output(*body_->Add(std::move(node)), "output");
  }

  Body* const body_;
  Node* const convolution_;
  Shape weights_;
  int64_t channels_ = 0;
  std::string_view scale_, offset_;
  std::vector<Node*> taken_;
  Node* tail_;  // the convolution, or the last node that was taken
};

}  // namespace

void FoldIntoConvolutions(Body* body) {
  for (Node* convolution : body->Nodes()) Fold(body, convolution).Make();
}

}  // namespace celsiusify
