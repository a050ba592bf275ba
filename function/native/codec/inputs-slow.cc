#include "inputs.h"
#include "read-tensor.h"
#include "text.h"

namespace celsiusify {
namespace {

// The name of a signature's tensors, for messages: "a, b".
std::string NamesOf(const std::vector<Field>& fields) {
  std::string names;
  for (const Field& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

class SlowReader {
 public:
  SlowReader(const Signature& signature, const char* end, Builders* builders, Decoded* out, std::string* error)
      : signature_(signature), end_(end), builders_(*builders), out_(out), error_(error) {}

  bool ReadInstances(const char* at) {
    Scanner in(at, end_);
    if (!in.Take('[')) return Fail("instances: not a list");
    Step step = in.First(']');
    if (step == Step::kEnd) return Fail("instances: the list is empty");
    if (!in.Sees('{') || IsBase64Object(in.at, end_)) return ReadOnly(at, true, "instances");
    std::vector<std::vector<const char*>> values(signature_.inputs.size());
    for (size_t row = 0; step == Step::kItem; step = in.Next(']'), ++row) {
      const std::string path = "instances[" + std::to_string(row) + "]";
      if (!ReadObject(&in, path, false, &values) || !AreAlike(values, row, path)) return false;
    }
    return ReadTensors(values, true, "instances.");
  }

  bool ReadInputs(const char* at) {
    if (*at == 'n') return Fail("inputs: null is no tensor");
    Scanner in(at, end_);
    if (!in.Sees('{') || IsBase64Object(at, end_)) return ReadOnly(at, false, "inputs");
    std::vector<std::vector<const char*>> values(signature_.inputs.size());
    return ReadObject(&in, "inputs", true, &values) && ReadTensors(values, false, "inputs.");
  }

 private:
  bool Fail(std::string error) {
    *error_ = std::move(error);
    return false;
  }

  bool ReadOnly(const char* at, bool rows, const char* path) {
    if (signature_.inputs.size() != 1) {
      return Fail(std::string(path) + ": signature " + Quoted(signature_.name) +
                  " has several inputs; send objects with the names " + NamesOf(signature_.inputs));
    }
    return Add(ReadTensor({{at}, false, rows, end_}, signature_.inputs[0], path, &builders_[0], error_));
  }

  // Adds where one object has its values to `values`, by field; none for one that has a default and is left out. Of a
  // key that is there twice the last counts.
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
    bool all = true;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (found[i] != nullptr) (*values)[i].push_back(found[i]);
      else if (fields[i].initial != nullptr) all = false;
      else return Fail(path + ": input " + Quoted(fields[i].name) + " is missing");
    }
    // Beside a default another key may be the input's name, misspelt.
    if (other.data() == nullptr || (others_pass && all)) return true;
    return Fail(path + ": " + Quoted(Beginning(Unescape(other), 100, "")) + " is no input of signature " +
                Quoted(signature_.name));
  }

  // A default is of the whole tensor, not of one row: an input is left out of all rows or of none.
  bool AreAlike(const std::vector<std::vector<const char*>>& values, size_t row, const std::string& path) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i].empty() || values[i].size() == row + 1) continue;
      return Fail(path + ": input " + Quoted(signature_.inputs[i].name) +
                  " is in some rows and not in others; its default is for where it is in none");
    }
    return true;
  }

  bool ReadTensors(const std::vector<std::vector<const char*>>& values, bool rows, const char* path) {
    for (size_t i = 0; i < values.size(); ++i) {
      const Field& field = signature_.inputs[i];
      const TensorText text{values[i], rows, rows, end_};
      if (values[i].empty()) Add(Sharing(field.initial));
      else if (!Add(ReadTensor(text, field, path + field.name, &builders_[i], error_))) return false;
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

}  // namespace

bool ReadInstances(const char* at, const char* end, const Signature& signature, Builders* builders, Decoded* out,
                   std::string* error) {
  return SlowReader(signature, end, builders, out, error).ReadInstances(at);
}

bool ReadInputs(const char* at, const char* end, const Signature& signature, Builders* builders, Decoded* out,
                std::string* error) {
  return SlowReader(signature, end, builders, out, error).ReadInputs(at);
}

}  // namespace celsiusify
