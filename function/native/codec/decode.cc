#include "decode.h"

#include "body.h"
#include "elements.h"
#include "read-lists.h"
#include "read-tensor.h"
#include "text.h"

namespace celsiusify {
namespace {

bool IsBase64Object(const char* at, const char* end) {
  Scanner in(at, end);
  std::string_view content;
  return SkipBase64Object(&in, &content);
}

// The name of a signature's tensors, for messages: "a, b".
std::string NamesOf(const std::vector<Field>& fields) {
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

// Which of the fields has this key, still escaped; `guess` is looked at first. As many as there are fields: none.
size_t FieldOf(const std::vector<Field>& fields, std::string_view key, size_t guess) {
  if (guess < fields.size() && Says(key, fields[guess].name)) return guess;
  size_t i = 0;
  while (i < fields.size() && !Says(key, fields[i].name)) ++i;
  return i;
}

// Reads `instances` or `inputs` in one pass, as long as nothing is wrong with it.
class FastReader {
 public:
  FastReader(const Signature& signature, Builders* builders) : fields_(signature.inputs), builders_(*builders) {}

  // False, `in` anywhere, for what only SlowReader can read, or say what is wrong with.
  bool Read(bool rows, Scanner* in) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!IsServed(fields_[i].dtype)) return false;
      builders_[i].Clear();
    }
    if (!rows) return IsNamed(*in) ? ReadObject(0, in, true) : ReadOnly(in);
    Scanner first = *in;
    if (!first.Take('[') || first.First(']') != Step::kItem) return false;
    return IsNamed(first) ? ReadObjects(in) : ReadOnly(in);
  }

 private:
  static bool IsNamed(const Scanner& in) { return in.Sees('{') && !IsBase64Object(in.at, in.end); }

  bool ReadOnly(Scanner* in) { return fields_.size() == 1 && ReadLists(in, fields_[0].dtype, 0, &builders_[0]); }

  bool ReadObjects(Scanner* in) {
    in->Take('[');
    size_t rows = 0;
    Step step = in->First(']');
    for (; step == Step::kItem; step = in->Next(']'), ++rows) {
      if (!in->Sees('{') || !ReadObject(1, in, false)) return false;
    }
    if (step == Step::kFault) return false;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!builders_[i].Close(1, rows)) return false;
    }
    return true;
  }

  // One object with a value for each field, each once and in any order.
  bool ReadObject(size_t around, Scanner* in, bool others_pass) {
    in->Take('{');
    size_t found = 0;
    uint64_t seen = 0;  // by field, of the first 64
    Step step = in->First('}');
    for (; step == Step::kItem; step = in->Next('}')) {
      std::string_view key;
      if (!in->Key(&key)) return false;
      const size_t i = FieldOf(fields_, key, found);
      if (i == fields_.size()) {
        if (!others_pass || !in->SkipValue()) return false;
        continue;
      }
      const uint64_t bit = uint64_t{1} << (i % 64);
      if (i >= 64 || (seen & bit) != 0) return false;
      seen |= bit;
      if (!ReadLists(in, fields_[i].dtype, around, &builders_[i])) return false;
      ++found;
    }
    return step == Step::kEnd && found == fields_.size();
  }

  const std::vector<Field>& fields_;
  Builders& builders_;
};

// Reads them out of text that is known to be JSON, and says what is wrong with it.
class SlowReader {
 public:
  SlowReader(const Signature& signature, const char* end, Builders* builders, Decoded* out, std::string* error)
      : signature_(signature), end_(end), builders_(*builders), out_(out), error_(error) {}

  bool ReadInstances(const char* at) {
    Scanner in(at, end_);
    if (!in.Take('[')) return Fail("instances: not a list");
    Step step = in.First(']');
    if (step == Step::kEnd) return Fail("instances: the list is empty");
    if (!in.Sees('{') || IsBase64Object(in.at, end_)) return ReadOnly(at, "instances");
    std::vector<std::vector<const char*>> values(signature_.inputs.size());
    for (size_t row = 0; step == Step::kItem; step = in.Next(']'), ++row) {
      if (!ReadObject(&in, "instances[" + std::to_string(row) + "]", false, &values)) return false;
    }
    return ReadTensors(values, true, "instances.");
  }

  bool ReadInputs(const char* at) {
    if (*at == 'n') return Fail("inputs: null is no tensor");
    Scanner in(at, end_);
    if (!in.Sees('{') || IsBase64Object(at, end_)) return ReadOnly(at, "inputs");
    std::vector<std::vector<const char*>> values(signature_.inputs.size());
    return ReadObject(&in, "inputs", true, &values) && ReadTensors(values, false, "inputs.");
  }

 private:
  bool Fail(std::string error) {
    *error_ = std::move(error);
    return false;
  }

  bool ReadOnly(const char* at, const char* path) {
    if (signature_.inputs.size() != 1) {
      return Fail(std::string(path) + ": signature " + Quoted(signature_.name) +
                  " has several inputs; send objects with the names " + NamesOf(signature_.inputs));
    }
    return Add(ReadTensor({at}, false, end_, signature_.inputs[0], path, &builders_[0], error_));
  }

  // Adds where one object has its values to `values`, by field. Of a key that is there twice the last counts.
  bool ReadObject(Scanner* in, const std::string& path, bool others_pass,
                  std::vector<std::vector<const char*>>* values) {
    const std::vector<Field>& fields = signature_.inputs;
    if (!in->Take('{')) return Fail(path + ": not an object with the inputs " + NamesOf(fields));
    std::vector<const char*> found(fields.size(), nullptr);
    std::string_view other;
    size_t guess = 0;
    for (Step step = in->First('}'); step == Step::kItem; step = in->Next('}')) {
      std::string_view key;
      in->Key(&key);
      const size_t i = FieldOf(fields, key, guess);
      guess = i + 1;
      if (i < fields.size()) found[i] = in->at;
      else if (other.data() == nullptr) other = key;
      in->SkipValue();
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      if (found[i] == nullptr) return Fail(path + ": input " + Quoted(fields[i].name) + " is missing");
      (*values)[i].push_back(found[i]);
    }
    if (others_pass || other.data() == nullptr) return true;
    return Fail(path + ": " + Quoted(Beginning(Unescape(other), 100, "")) + " is no input of signature " +
                Quoted(signature_.name));
  }

  bool ReadTensors(const std::vector<std::vector<const char*>>& values, bool rows, const char* path) {
    for (size_t i = 0; i < values.size(); ++i) {
      const Field& field = signature_.inputs[i];
      if (!Add(ReadTensor(values[i], rows, end_, field, path + field.name, &builders_[i], error_))) return false;
    }
    return true;
  }

  bool Add(TF_Tensor* tensor) {
    if (tensor == nullptr) return false;
    out_->inputs.push_back(tensor);
    return true;
  }

  const Signature& signature_;
  const char* end_;
  Builders& builders_;
  Decoded* out_;
  std::string* error_;
};

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
    if (!body_.Close(error_) || !FindSignature()) return false;
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
        FastReader(signature, &builders_).Read(out_->rows, &in)) {
      if (Finish(signature)) return true;
    }
    SlowReader slow(signature, end, &builders_, out_, error_);
    return out_->rows ? slow.ReadInstances(at) : slow.ReadInputs(at);
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
    const int signature = SignatureNamed(NameSoFar());
    ahead_ = nullptr;
    if (signature >= 0 && signatures_[signature].unsupported.empty() &&
        FastReader(signatures_[signature], &builders_).Read(rows, &body_.in)) {
      ahead_ = at;
      ahead_signature_ = signature;
      return;
    }
    body_.in.at = at;
    body_.in.fault = nullptr;
    body_.in.SkipValue();
  }

  // The signature's name, where it has a string for it; "serving_default" where it has none or an empty one.
  std::string NameSoFar() const {
    std::string_view content;
    if (name_ != nullptr && *name_ == '"') Scanner(name_, body_.in.end).SkipString(&content);
    return content.empty() ? "serving_default" : Unescape(content);
  }

  int SignatureNamed(const std::string& name) const {
    for (size_t i = 0; i < signatures_.size(); ++i) {
      if (signatures_[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }

  bool FindSignature() {
    if (name_ != nullptr && *name_ != '"') {
      *error_ = "signature_name: not a string";
      return false;
    }
    const std::string name = NameSoFar();
    out_->signature = SignatureNamed(name);
    if (out_->signature < 0) {
      std::string known;
      for (const Signature& signature : signatures_) known += (known.empty() ? "" : ", ") + signature.name;
      *error_ = "signature_name: no signature " + Quoted(Beginning(name, 100, "")) + "; this model has: " +
                (known.empty() ? "none" : known);
      return false;
    }
    *error_ = signatures_[out_->signature].unsupported;
    return error_->empty();
  }

  bool Finish(const Signature& signature) {
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      TF_Tensor* tensor = builders_[i].Finish(signature.inputs[i].dtype, body_.in.end);
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
