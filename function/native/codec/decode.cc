#include "decode.h"

#include <algorithm>

#include "body.h"
#include "find-signature.h"
#include "inputs.h"
#include "text.h"

namespace celsiusify {
namespace {

class PredictReader {
 public:
  PredictReader(const char* body, size_t size, const std::vector<Signature>& signatures, Decoded* out,
                std::string* error)
      : signatures_(signatures), body_(body, size), builders_(MostInputs(signatures)), out_(out), error_(error) {}

  bool Read() {
    if (!body_.Open("the body is not a JSON object; send {\"instances\": […]} or {\"inputs\": …}", error_)) {
      return false;
    }
    std::string_view key;
    while (body_.NextKey(&key)) {
      if (Says(key, "instances")) {
        instances_ = body_.in.at;
        ReadAhead(true);
      } else if (Says(key, "inputs")) {
        inputs_ = body_.in.at;
        ReadAhead(false);
      } else {
        if (Says(key, "signature_name")) name_ = body_.in.at;
        body_.in.SkipValue();
      }
      if (body_.in.fault != nullptr) break;
    }
    if (!body_.Close(error_) || !FindSignature(signatures_, name_, body_.in.end, &out_->signature, error_)) return false;
    if ((instances_ == nullptr) == (inputs_ == nullptr)) {
      *error_ = std::string("give ") + (instances_ == nullptr ? "one of" : "only one of") +
                " \"instances\" (row format) and \"inputs\" (column format)";
      return false;
    }
    out_->rows = instances_ != nullptr;
    const char* at = out_->rows ? instances_ : inputs_;
    const char* end = body_.in.end;
    const Signature& signature = signatures_[out_->signature];
    Scanner in(at, end);
    if ((ahead_ == at && ahead_signature_ == out_->signature) ||
        ReadFast(signature, out_->rows, &in, &builders_)) {
      if (Finish(signature)) return true;
    }
    return out_->rows ? ReadInstances(at, end, signature, &builders_, out_, error_)
                      : ReadInputs(at, end, signature, &builders_, out_, error_);
  }

 private:
  static size_t MostInputs(const std::vector<Signature>& signatures) {
    size_t most = 1;
    for (const Signature& signature : signatures) most = std::max(most, signature.inputs.size());
    return most;
  }

  // Reads the value here for the signature that is named so far, in the hope that no other comes later; else, and
  // where it has a fault, it is passed over as any other.
  void ReadAhead(bool rows) {
    const char* at = body_.in.at;
    const int signature = SignatureNamed(signatures_, NameOfSignature(name_, body_.in.end));
    ahead_ = nullptr;
    if (signature >= 0 && signatures_[signature].unsupported.empty() &&
        ReadFast(signatures_[signature], rows, &body_.in, &builders_)) {
      ahead_ = at;
      ahead_signature_ = signature;
      return;
    }
    body_.in.at = at;
    body_.in.fault = nullptr;
    body_.in.SkipValue();
  }

  bool Finish(const Signature& signature) {
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      const Field& field = signature.inputs[i];
      TF_Tensor* tensor = builders_[i].IsNew() && field.initial != nullptr
                              ? Sharing(field.initial)
                              : builders_[i].Finish(field.dtype, out_->rows, body_.in.end);
      if (tensor == nullptr) break;
      out_->inputs.push_back(tensor);
    }
    if (out_->inputs.size() == signature.inputs.size()) return true;
    for (TF_Tensor* tensor : out_->inputs) TF_DeleteTensor(tensor);
    out_->inputs.clear();
    return false;
  }

  const std::vector<Signature>& signatures_;
  Body body_;
  Builders builders_;
  Decoded* out_;
  std::string* error_;
  // Where the values of these keys begin; null for those that were not there.
  const char* instances_ = nullptr;
  const char* inputs_ = nullptr;
  const char* name_ = nullptr;
  // What the builders hold: which value, read for which signature.
  const char* ahead_ = nullptr;
  int ahead_signature_ = -1;
};

}  // namespace

bool DecodePredict(const char* body, size_t size, const std::vector<Signature>& signatures, Decoded* out,
                   std::string* error) {
  out->signature = -1;
  out->inputs.clear();
  if (PredictReader(body, size, signatures, out, error).Read()) return true;
  for (TF_Tensor* tensor : out->inputs) TF_DeleteTensor(tensor);
  out->inputs.clear();
  return false;
}

}  // namespace celsiusify
