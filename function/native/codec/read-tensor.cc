#include "read-tensor.h"

#include "elements.h"
#include "write-number.h"

namespace celsiusify {
namespace {

bool IsNumber(const char* at) { return *at == '-' || IsDigit(*at); }

std::string Text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return "0";
  char text[kMaxNumberSize];
  return std::string(text, WriteNumber(text, value) - text);
}

// Whole numbers keep all their digits where the dtype has as many; absurd ones do not.
bool IsLiteral(std::string_view number) {
  return number.size() <= 400 && number.find_first_not_of("0123456789", *number.data() == '-' ? 1 : 0) == number.npos;
}

template <class T>
std::string RefusalOf(std::string_view number, double value, T) {
  using Limits = std::numeric_limits<T>;
  if (sizeof(T) < 8) {
    if (std::isfinite(value) && value == std::trunc(value)) {
      return "is not within " + std::to_string(Limits::min()) + "…" + std::to_string(Limits::max());
    }
  } else if (IsLiteral(number)) {
    return Limits::is_signed ? "is beyond the range of int64" : "is beyond the range of uint64";
  }
  return "is not a whole number";
}
std::string RefusalOf(std::string_view, double, Half) { return "is beyond the range of float16"; }
std::string RefusalOf(std::string_view, double, Bfloat16) { return "is beyond the range of bfloat16"; }
std::string RefusalOf(std::string_view, double, float) { return "is beyond the range of float32"; }
std::string RefusalOf(std::string_view, double, double) { return "is beyond the range of float64"; }
std::string RefusalOf(std::string_view, double, bool) { return {}; }
std::string RefusalOf(std::string_view, double, StringInBody) { return {}; }

// Reads one element to the buffer's end; its end in the text, or null.
using ElementReader = const char* (*)(const char* at, const char* end, ElementBuffer* elements);

template <class T>
const char* ReadElementOf(const char* at, const char* end, ElementBuffer* elements) {
  T* const to = elements->Room<T>();
  at = ReadElement(at, end, to);
  elements->Keep(to + 1);
  return at;
}

// The walk over one tensor's lists. Recursion is no deeper than kMaxRank.
class Walk {
 public:
  Walk(const char* end, const Field& field, const std::string& path, TensorBuilder* builder, std::string* error)
      : end_(end), field_(field), path_(path), builder_(builder), shape_(builder->shape), error_(error) {}

  // Takes the shape from the first element of each level. `at` a value that `around` lists stand around.
  bool ReadShape(const char* at) {
    const size_t around = shape_.size();
    Scanner in(at, end_);
    bool empty = false;
    while (!empty && in.Take('[')) {
      if (shape_.size() == kMaxRank) {
        *error_ = path_ + ": nested deeper than " + std::to_string(kMaxRank) + " lists";
        return false;
      }
      shape_.push_back(0);
      empty = in.First(']') == Step::kEnd;
    }
    // What follows the first elements, from the inside out.
    for (size_t level = shape_.size(); level-- > around; empty = false) {
      if (empty) continue;
      if (level + 1 == shape_.size()) in.SkipValue();
      for (shape_[level] = 1; in.Next(']') == Step::kItem; ++shape_[level]) in.SkipValue();
    }
    return true;
  }

  // Refuses what does not fit the shape, before there is room made for it. Of several faults it names that of the
  // outermost list, and of those the first. Past the value.
  const char* CheckLists(const char* at, size_t level) {
    Scanner in(at, end_);
    if (level == shape_.size()) {
      in.SkipValue();
      return in.at;
    }
    const bool earlier = !error_->empty();
    if (!in.Take('[')) {
      if (!earlier) {
        *error_ = Place(level) + ": expected a list of " + std::to_string(shape_[level]) +
                  " elements, as its neighbours have";
      }
      in.SkipValue();
      return in.at;
    }
    int64_t count = 0;
    for (Step step = in.First(']'); step == Step::kItem; step = in.Next(']'), ++count) {
      indexes_[level] = count;
      if (level + 1 < shape_.size()) in.at = CheckLists(in.at, level + 1);
      else in.SkipValue();
    }
    if (count != shape_[level] && !earlier) {
      *error_ = Place(level) + ": " + std::to_string(count) + " elements, but its neighbours have " +
                std::to_string(shape_[level]);
    }
    return in.at;
  }

  // Past a value that CheckLists has seen; null where an element is none.
  const char* Fill(const char* at, size_t level, ElementReader read) {
    if (level == shape_.size()) {
      const char* element_end = read(at, end_, &builder_->elements);
      if (element_end == nullptr) {
        *error_ = Place(level) + ": " + Shown(at, end_, field_.dtype) + " " + Refusal(at, end_, field_.dtype) + Input();
      }
      return element_end;
    }
    Scanner in(at, end_);
    in.Take('[');
    int64_t count = 0;
    for (Step step = in.First(']'); step == Step::kItem; step = in.Next(']'), ++count) {
      indexes_[level] = count;
      in.at = Fill(in.at, level + 1, read);
      if (in.at == nullptr) return nullptr;
    }
    return in.at;
  }

  void SetIndex(size_t row) { indexes_[0] = row; }

  // " (input "x", DT_FLOAT)"
  std::string Input() const { return " (input " + Quoted(field_.name) + ", " + NameOf(ValueType(field_.dtype)) + ")"; }

 private:
  // The path to the list or element that `level` lists stand around.
  std::string Place(size_t level) const {
    std::string place = path_;
    for (size_t i = 0; i < level; ++i) place += "[" + std::to_string(indexes_[i]) + "]";
    return place;
  }

  const char* end_;
  const Field& field_;
  const std::string& path_;
  TensorBuilder* builder_;
  std::vector<int64_t>& shape_;
  std::string* error_;
  int64_t indexes_[kMaxRank + 1];
};

}  // namespace

std::string Shown(const char* at, const char* end, TF_DataType dtype) {
  Scanner in(at, end);
  std::string_view content;
  switch (*at) {
    case '[':
      return "a list";
    case '{':
      return ValueType(dtype) == TF_STRING && SkipBase64Object(&in, &content) ? "{\"b64\": …}" : "an object";
    case '"':
      in.SkipString(&content);
      return Quoted(Beginning(Unescape(content), 40, "…"));
    default:
      in.SkipValue();
  }
  const std::string_view text(at, in.at - at);
  if (!IsNumber(at)) return std::string(text);
  const bool exact = WithElement(dtype, [](auto element) {
    return std::is_integral<decltype(element)>::value && sizeof element == 8;
  });
  double value = 0;
  ReadNumber(at, end, &value);
  return exact && IsLiteral(text) ? std::string(text) : Text(value);
}

std::string Refusal(const char* at, const char* end, TF_DataType dtype) {
  if (ValueType(dtype) == TF_BOOL) return "is not true or false";
  if (ValueType(dtype) == TF_STRING) {
    Scanner in(at, end);
    std::string_view content;
    if (SkipBase64Object(&in, &content)) return WhyNotBase64(Unescape(content));
    return "is neither a string nor {\"b64\": \"…\"}";
  }
  return WithElement(dtype, [=](auto element) -> std::string {
    const bool whole = std::is_integral<decltype(element)>::value;
    if (!IsNumber(at)) return whole ? "is not a whole number" : "is not a number";
    double value;
    const char* number_end = ReadNumber(at, end, &value);
    return RefusalOf(std::string_view(at, number_end - at), value, element);
  });
}

TF_Tensor* ReadTensor(const TensorText& text, const Field& field, const std::string& path, TensorBuilder* builder,
                      std::string* error) {
  error->clear();
  if (!IsServed(field.dtype)) {
    *error = "input " + Quoted(field.name) + " has dtype " + NameOf(field.dtype) + ", which is not served";
    return nullptr;
  }
  builder->Clear();
  const std::vector<const char*>& values = text.values;
  if (text.split) builder->shape.push_back(static_cast<int64_t>(values.size()));
  Walk walk(text.end, field, path, builder, error);
  if (!walk.ReadShape(values[0])) return nullptr;
  const size_t level = text.split ? 1 : 0;
  const ElementReader read =
      WithElement(field.dtype, [](auto element) -> ElementReader { return ReadElementOf<decltype(element)>; });
  for (size_t row = 0; row < values.size() && error->empty(); ++row) {
    walk.SetIndex(row);
    walk.CheckLists(values[row], level);
  }
  for (size_t row = 0; row < values.size() && error->empty(); ++row) {
    walk.SetIndex(row);
    walk.Fill(values[row], level, read);
  }
  if (!error->empty()) return nullptr;
  TF_Tensor* tensor = builder->Finish(field.dtype, text.rows, text.end);
  if (tensor == nullptr) *error = path + ": complex numbers are pairs [real, imaginary]" + walk.Input();
  return tensor;
}

}  // namespace celsiusify
