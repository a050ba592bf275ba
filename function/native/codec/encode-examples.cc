#include <cmath>

#include "examples.h"
#include "tensorflow/core/platform/ctstring_internal.h"
#include "text.h"
#include "writer.h"

namespace celsiusify {
namespace {

std::string ShapeOf(const TF_Tensor* tensor) {
  std::string shape;
  for (int i = 0; i < TF_NumDims(tensor); ++i) shape += (i == 0 ? "" : ",") + std::to_string(TF_Dim(tensor, i));
  return "[" + shape + "]";
}

// Writes one of a signature's outputs whose shape is [rows] or [rows, columns].
class Output {
 public:
  Output(const TF_Tensor* tensor, const Field& field) : tensor_(tensor), field_(field) {}

  int rank() const { return TF_NumDims(tensor_); }
  int64_t size(int dim) const { return TF_Dim(tensor_, dim); }

  bool Check(TF_DataType dtype, const std::string& wanted, bool fits, std::string* error) const {
    if (TF_TensorType(tensor_) != dtype) {
      *error = "output " + field_.name + " is to be " + NameOf(dtype) + ", not " + NameOf(TF_TensorType(tensor_));
    } else if (!fits) {
      *error = "output " + field_.name + " has the shape " + ShapeOf(tensor_) + ", where it is to be " + wanted;
    } else {
      return true;
    }
    return false;
  }

  bool WriteNumber(int64_t index, Writer* to, std::string* error) const {
    const float value = static_cast<const float*>(TF_TensorData(tensor_))[index];
    if (!std::isfinite(value)) {
      *error = "output " + Quoted(field_.name) + ": element " + std::to_string(index) + " is " +
               (std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity") + ", which JSON cannot say";
      return false;
    }
    to->Keep(celsiusify::WriteNumber(to->Room(), value));
    return true;
  }

  bool WriteString(int64_t index, Writer* to, std::string* error) const {
    const TF_TString* const string = static_cast<const TF_TString*>(TF_TensorData(tensor_)) + index;
    const std::string_view bytes(TF_TString_GetDataPointer(string), TF_TString_GetSize(string));
    if (!IsUtf8(bytes)) {
      *error = "output " + Quoted(field_.name) + " holds bytes that are no UTF-8, which JSON cannot say";
      return false;
    }
    AppendQuoted(bytes, to->text());
    return true;
  }

 private:
  const TF_Tensor* const tensor_;
  const Field& field_;
};

bool WriteNumbers(const Output& output, int64_t count, Writer* to, std::string* error) {
  const bool fits = (output.rank() == 1 || (output.rank() == 2 && output.size(1) == 1)) && output.size(0) == count;
  const std::string rows = std::to_string(count);
  if (!output.Check(TF_FLOAT, "[" + rows + "] or [" + rows + ",1]", fits, error)) return false;
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) to->Put(',');
    if (!output.WriteNumber(i, to, error)) return false;
  }
  return true;
}

// Either may be null, not both.
bool WriteClasses(const Output* classes, const Output* scores, int64_t count, Writer* to, std::string* error) {
  const Output& first = classes != nullptr ? *classes : *scores;
  const int64_t columns = first.rank() == 2 ? first.size(1) : 0;
  const auto fits = [=](const Output& output) {
    return output.rank() == 2 && output.size(0) == count && output.size(1) == columns;
  };
  const std::string wanted =
      "[" + std::to_string(count) + "," + (first.rank() == 2 ? std::to_string(columns) : "classes") + "]";
  if (classes != nullptr && !classes->Check(TF_STRING, wanted, fits(*classes), error)) return false;
  if (scores != nullptr && !scores->Check(TF_FLOAT, wanted, fits(*scores), error)) return false;
  for (int64_t i = 0, row = 0; row < count; ++row) {
    to->text()->append(row == 0 ? "[" : ",[");
    for (int64_t column = 0; column < columns; ++column, ++i) {
      to->text()->append(column == 0 ? "[" : ",[");
      if (classes == nullptr) to->text()->append("\"\"");
      else if (!classes->WriteString(i, to, error)) return false;
      to->Put(',');
      if (scores == nullptr) to->Put('0');
      else if (!scores->WriteNumber(i, to, error)) return false;
      to->Put(']');
    }
    to->Put(']');
  }
  return true;
}

bool WriteResults(const Signature& signature, Task task, int64_t count, TF_Tensor* const* outputs, Writer* to,
                  std::string* error) {
  const std::vector<Field>& fields = signature.outputs;
  if (task == Task::kRegress) return WriteNumbers({outputs[0], fields[0]}, count, to, error);
  std::vector<Output> all;
  const Output *classes = nullptr, *scores = nullptr;
  all.reserve(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    all.emplace_back(outputs[i], fields[i]);
    (fields[i].name == "classes" ? classes : scores) = &all.back();
  }
  return WriteClasses(classes, scores, count, to, error);
}

}  // namespace

bool EncodeResults(const Signature& signature, Task task, int64_t count, TF_Tensor* const* outputs, std::string* text,
                   std::string* error) {
  const size_t before = text->size();
  bool written;
  {
    text->append("{\"results\":[");
    Writer to(text);
    written = WriteResults(signature, task, count, outputs, &to, error);
    to.text()->append("]}");
  }
  if (!written) text->resize(before);
  return written;
}

}  // namespace celsiusify
