#include "encode.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "elements.h"
#include "tensorflow/core/platform/ctstring_internal.h"
#include "text.h"
#include "write-number.h"
#include "writer.h"

namespace celsiusify {
namespace {

bool IsFinite(double value) { return std::isfinite(value); }
bool IsFinite(float value) { return std::isfinite(value); }
bool IsFinite(Half value) { return (value.bits & 0x7C00) != 0x7C00; }
bool IsFinite(Bfloat16 value) { return (value.bits & 0x7F80) != 0x7F80; }
double AsDouble(double value) { return value; }
double AsDouble(float value) { return value; }
double AsDouble(Half value) { return Widened(value); }
double AsDouble(Bfloat16 value) { return Widened(value); }

// One tensor and how its elements are written.
class Source {
 public:
  Source(TF_Tensor* tensor, const Field& field)
      : field_(field),
        dtype_(ValueType(TF_TensorType(tensor))),
        data_(TF_TensorData(tensor)),
        quoted_as_bytes_(EndsInBytes(field.name)) {
    const int rank = TF_NumDims(tensor);
    shape_.reserve(rank + 1);
    for (int i = 0; i < rank; ++i) shape_.push_back(TF_Dim(tensor, i));
    rank_ = shape_.size();
    if (IsComplex(dtype_)) shape_.push_back(2);
    strides_.assign(shape_.size() + 1, 1);
    for (size_t level = shape_.size(); level-- > 0;) strides_[level] = strides_[level + 1] * shape_[level];
  }

  size_t rank() const { return rank_; }
  int64_t rows() const { return shape_[0]; }
  TF_DataType dtype() const { return dtype_; }

  // The lists of `level` and within, a bare value below the last. `row`: of rank 1 and more, counted along the first
  // dimension, for level 1; 0 for level 0.
  bool Write(size_t level, int64_t row, Writer* to, std::string* error) const {
    return WithElement(dtype_, [&](auto element) {
      return WriteLists<decltype(element)>(level, level == 0 ? 0 : row * strides_[1], to, error);
    });
  }

 private:
  static bool EndsInBytes(const std::string& name) {
    constexpr size_t kSize = sizeof "_bytes" - 1;
    return name.size() >= kSize && name.compare(name.size() - kSize, kSize, "_bytes") == 0;
  }

  // Recursion is as deep as the tensor's rank, which TensorFlow limits to 254.
  template <class T>
  bool WriteLists(size_t level, int64_t from, Writer* to, std::string* error) const {
    if (level == shape_.size()) return WriteElements<T>(from, 1, to, error);
    to->Put('[');
    if (level + 1 == shape_.size()) {
      if (!WriteElements<T>(from, shape_[level], to, error)) return false;
    } else {
      for (int64_t i = 0; i < shape_[level]; ++i) {
        if (i > 0) to->Put(',');
        if (!WriteLists<T>(level + 1, from + i * strides_[level + 1], to, error)) return false;
      }
    }
    to->Put(']');
    return true;
  }

  template <class T>
  bool WriteElements(int64_t from, int64_t count, Writer* to, std::string* error) const {
    const T* elements = static_cast<const T*>(data_) + from;
    for (int64_t i = 0; i < count; ++i) {
      char* at = to->Room();
      if (i > 0) *at++ = ',';
      if constexpr (std::is_same<T, bool>::value) {
        const bool value = static_cast<const uint8_t*>(data_)[from + i] != 0;
        std::memcpy(at, value ? "true" : "false", 5);
        at += value ? 4 : 5;
      } else if constexpr (std::is_integral<T>::value) {
        at = std::to_chars(at, at + kMaxNumberSize, elements[i]).ptr;
      } else {
        if (!IsFinite(elements[i])) return RefuseNumber(from + i, AsDouble(elements[i]), error);
        at = WriteNumber(at, elements[i]);
      }
      to->Keep(at);
    }
    return true;
  }

  bool RefuseNumber(int64_t index, double value, std::string* error) const {
    const char* name = std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
    *error = "output " + Quoted(field_.name) + ": element " + std::to_string(IsComplex(dtype_) ? index / 2 : index) +
             " is " + name + ", which JSON cannot say";
    return false;
  }

  const Field& field_;
  const TF_DataType dtype_;
  const void* data_;
  const bool quoted_as_bytes_;
  size_t rank_;
  std::vector<int64_t> shape_, strides_;  // with a level more for complex numbers
};

template <>
bool Source::WriteElements<StringInBody>(int64_t from, int64_t count, Writer* to, std::string* error) const {
  const TF_TString* strings = static_cast<const TF_TString*>(data_) + from;
  std::string* text = to->text();
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) text->push_back(',');
    const std::string_view bytes(TF_TString_GetDataPointer(&strings[i]), TF_TString_GetSize(&strings[i]));
    if (quoted_as_bytes_) {
      text->append("{\"b64\":\"");
      EncodeBase64(bytes, text);
      text->append("\"}");
    } else if (IsUtf8(bytes)) {
      AppendQuoted(bytes, text);
    } else {
      *error = "output " + Quoted(field_.name) +
               " holds bytes that are no UTF-8; give the output a name that ends in _bytes to get it as b64";
      return false;
    }
  }
  return true;
}

bool CheckServed(TF_Tensor* tensor, const Field& field, std::string* error) {
  if (IsServed(TF_TensorType(tensor))) return true;
  *error = "output " + Quoted(field.name) + " has dtype " + NameOf(TF_TensorType(tensor)) + ", which is not served";
  return false;
}

bool WriteColumns(const std::vector<Field>& fields, const std::vector<Source>& sources, Writer* to,
                  std::string* error) {
  if (fields.size() == 1) return sources[0].Write(0, 0, to, error);
  to->Put('{');
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) to->Put(',');
    AppendQuoted(fields[i].name, to->text());
    to->Put(':');
    if (!sources[i].Write(0, 0, to, error)) return false;
  }
  to->Put('}');
  return true;
}

bool CheckRows(const std::vector<Field>& fields, const std::vector<Source>& sources, std::string* error) {
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool scalar = sources[i].rank() == 0;
    if (!scalar && sources[0].rank() > 0 && sources[i].rows() == sources[0].rows()) continue;
    *error = "output " + Quoted(fields[i].name) + " is " +
             (scalar ? "a scalar" : std::to_string(sources[i].rows()) + " rows") +
             ", so it has no row format; send \"inputs\" in place of \"instances\"";
    return false;
  }
  return true;
}

bool WriteRows(const std::vector<Field>& fields, const std::vector<Source>& sources, Writer* to, std::string* error) {
  if (!CheckRows(fields, sources, error)) return false;
  if (fields.size() == 1) return sources[0].Write(0, 0, to, error);
  std::vector<std::string> keys;
  for (const Field& field : fields) {
    keys.push_back((keys.empty() ? "" : ",") + Quoted(field.name) + ":");
  }
  to->Put('[');
  for (int64_t row = 0; !sources.empty() && row < sources[0].rows(); ++row) {
    if (row > 0) to->Put(',');
    to->Put('{');
    for (size_t i = 0; i < fields.size(); ++i) {
      to->text()->append(keys[i]);
      if (!sources[i].Write(1, row, to, error)) return false;
    }
    to->Put('}');
  }
  to->Put(']');
  return true;
}

}  // namespace

bool EncodePredict(const Signature& signature, bool rows, TF_Tensor* const* outputs, std::string* text,
                   std::string* error) {
  const std::vector<Field>& fields = signature.outputs;
  std::vector<Source> sources;
  sources.reserve(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!CheckServed(outputs[i], fields[i], error)) return false;
    sources.emplace_back(outputs[i], fields[i]);
  }
  const size_t before = text->size();
  bool written;
  {
    text->append(rows ? "{\"predictions\":" : "{\"outputs\":");
    Writer to(text);
    written = rows ? WriteRows(fields, sources, &to, error) : WriteColumns(fields, sources, &to, error);
    to.Put('}');
  }
  if (!written) text->resize(before);
  return written;
}

bool EncodeTensor(TF_Tensor* tensor, const Field& field, std::string* text, std::string* error) {
  if (!CheckServed(tensor, field, error)) return false;
  const size_t before = text->size();
  bool written;
  {
    Writer to(text);
    written = Source(tensor, field).Write(0, 0, &to, error);
  }
  if (!written) text->resize(before);
  return written;
}

}  // namespace celsiusify
