#include "numbers.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace celsiusify {
namespace {

// Deeper lists are left to the slow path, which knows TensorFlow's own limit.
constexpr size_t kMaxRank = 8;

// Reads nested lists of numbers. Anything else (other values, ragged lists, numbers beyond float32) fails, and the
// caller reads the text again by JSON.parse, which finds the words for what is wrong.
class Parser {
 public:
  Parser(const char* begin, const char* end) : at_(begin), end_(end) { data.reserve((end - begin) / 8); }

  // Reads one list that begins at the current place.
  bool ParseLists() {
    size_t depth = 0;
    size_t counts[kMaxRank] = {};
    bool want_value = true;  // after '[' or ',', as against after a value
    do {
      SkipSpace();
      if (at_ == end_) return false;
      const char c = *at_;
      if (c == '[' && want_value) {
        if (depth == kMaxRank || IsLeafLevel(depth)) return false;
        ++at_;
        counts[depth++] = 0;
        SkipSpace();
        if (at_ != end_ && *at_ == ']') want_value = false;  // an empty list
      } else if (c == ']' && !want_value) {
        ++at_;
        if (!CloseLevel(depth, counts[depth - 1])) return false;
        if (--depth > 0) ++counts[depth - 1];
      } else if (c == ',' && !want_value) {
        ++at_;
        want_value = true;
      } else {
        if (!want_value || !ParseNumber(depth)) return false;
        ++counts[depth - 1];
        want_value = false;
      }
    } while (depth > 0);
    return true;
  }

  const char* at() const { return at_; }

  std::vector<float> data;
  std::vector<int64_t> shape;  // sizes known so far; -1 for a level that is still open the first time

 private:
  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  // True where numbers stand directly in lists of the level above: no list may stand among them.
  bool IsLeafLevel(size_t depth) const { return leaf_depth_ != 0 && depth >= leaf_depth_; }

  bool CloseLevel(size_t depth, size_t count) {
    if (shape.size() < depth) shape.resize(depth, -1);
    int64_t& size = shape[depth - 1];
    if (size == -1) size = static_cast<int64_t>(count);
    // An empty list hides how deep its neighbours would be: numbers must stand at the deepest level.
    return size == static_cast<int64_t>(count) && (leaf_depth_ == 0 || depth <= leaf_depth_) &&
           (count > 0 || depth == shape.size());
  }

  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  // JSON's grammar is narrower than from_chars': no leading zero, no bare point, no "inf".
  const char* NumberEnd() const {
    const char* p = at_;
    if (p != end_ && *p == '-') ++p;
    if (p == end_ || !IsDigit(*p)) return nullptr;
    if (*p == '0') ++p;
    else while (p != end_ && IsDigit(*p)) ++p;
    if (p != end_ && *p == '.') {
      const char* fraction = ++p;
      while (p != end_ && IsDigit(*p)) ++p;
      if (p == fraction) return nullptr;
    }
    if (p != end_ && (*p == 'e' || *p == 'E')) {
      ++p;
      if (p != end_ && (*p == '+' || *p == '-')) ++p;
      const char* exponent = p;
      while (p != end_ && IsDigit(*p)) ++p;
      if (p == exponent) return nullptr;
    }
    return p;
  }

  bool ParseNumber(size_t depth) {
    if (depth == 0 || (leaf_depth_ != 0 && depth != leaf_depth_) || depth < shape.size()) return false;
    leaf_depth_ = depth;
    const char* number_end = NumberEnd();
    if (number_end == nullptr) return false;
    double value = 0;
    // Read as float64 and then rounded, as JSON.parse and TensorFlow Serving do.
    const auto result = std::from_chars(at_, number_end, value);
    if (result.ec != std::errc() || result.ptr != number_end) return false;
    const float rounded = static_cast<float>(value);
    if (!std::isfinite(rounded)) return false;
    data.push_back(rounded);
    at_ = number_end;
    return true;
  }

  const char* at_;
  const char* end_;
  size_t leaf_depth_ = 0;  // the level whose lists hold numbers; 0 while no number has been seen
};

// A finite float32 in the shortest decimal that reads back as the same, laid out as JavaScript lays out numbers
// (ECMA-262, Number::toString): 0.00001, 1e-7, 5555555300, 1e+21.
char* FormatFloat(char* out, float value) {
  if (value < 0 || (value == 0 && std::signbit(value))) {
    *out++ = '-';
    value = -value;
  }
  if (value == 0) {
    *out++ = '0';
    return out;
  }
  char text[24];
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  char digits[12];
  int count = 0;
  const char* p = text;
  for (; p != end && *p != 'e'; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  ++p;
  if (*p == '+') ++p;  // from_chars takes no plus sign
  int exponent = 0;
  std::from_chars(p, end, exponent);
  const int point = exponent + 1;  // digits before the decimal point
  if (point > 0 && point <= 21) {
    for (int i = 0; i < (count > point ? count : point); ++i) {
      if (i == point) *out++ = '.';
      *out++ = i < count ? digits[i] : '0';
    }
    return out;
  }
  if (point > -6 && point <= 0) {
    *out++ = '0';
    *out++ = '.';
    for (int i = point; i < 0; ++i) *out++ = '0';
    std::memcpy(out, digits, count);
    return out + count;
  }
  *out++ = digits[0];
  if (count > 1) {
    *out++ = '.';
    std::memcpy(out, digits + 1, count - 1);
    out += count - 1;
  }
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  return std::to_chars(out, out + 4, exponent < 0 ? -exponent : exponent).ptr;
}

// Longest text of one number, with its comma: "-1.00000001e-38,", or 21 digits before the point.
constexpr size_t kMaxNumberBytes = 28;

class Formatter {
 public:
  Formatter(const float* data, const std::vector<uint32_t>& shape) : data_(data), shape_(shape) {}

  void Format(size_t depth) {
    if (depth == shape_.size()) {
      Number();
      return;
    }
    text.push_back('[');
    for (uint32_t i = 0; i < shape_[depth]; ++i) {
      if (i > 0) text.push_back(',');
      Format(depth + 1);
    }
    text.push_back(']');
  }

  std::string text;

 private:
  void Number() {
    char buffer[kMaxNumberBytes];
    text.append(buffer, FormatFloat(buffer, *data_++) - buffer);
  }

  const float* data_;
  const std::vector<uint32_t>& shape_;
};

napi_value Undefined(napi_env env) {
  napi_value undefined;
  napi_get_undefined(env, &undefined);
  return undefined;
}

napi_value Throw(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

napi_value ParseFloats(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  void* bytes = nullptr;
  size_t size = 0;
  uint32_t from = 0;
  if (argc < 2 || napi_get_buffer_info(env, argv[0], &bytes, &size) != napi_ok ||
      napi_get_value_uint32(env, argv[1], &from) != napi_ok || from > size) {
    return Throw(env, "parseFloats(body: Buffer, from: number)");
  }
  const char* begin = static_cast<const char*>(bytes);
  Parser parser(begin + from, begin + size);
  if (!parser.ParseLists()) return Undefined(env);

  napi_value result, array_buffer, data, shape, end;
  void* memory = nullptr;
  const size_t data_bytes = parser.data.size() * sizeof(float);
  napi_create_object(env, &result);
  if (napi_create_arraybuffer(env, data_bytes, &memory, &array_buffer) != napi_ok) return nullptr;
  if (data_bytes > 0) std::memcpy(memory, parser.data.data(), data_bytes);
  napi_create_typedarray(env, napi_float32_array, parser.data.size(), array_buffer, 0, &data);
  napi_create_array_with_length(env, parser.shape.size(), &shape);
  for (size_t i = 0; i < parser.shape.size(); ++i) {
    napi_value dim;
    napi_create_int64(env, parser.shape[i], &dim);
    napi_set_element(env, shape, i, dim);
  }
  napi_create_int64(env, parser.at() - begin, &end);
  napi_set_named_property(env, result, "data", data);
  napi_set_named_property(env, result, "shape", shape);
  napi_set_named_property(env, result, "end", end);
  return result;
}

napi_value FormatFloats(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  uint32_t rank = 0;
  if (argc < 2 || napi_get_typedarray_info(env, argv[0], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float32_array || napi_get_array_length(env, argv[1], &rank) != napi_ok) {
    return Throw(env, "formatFloats(data: Float32Array, shape: number[])");
  }
  std::vector<uint32_t> shape(rank);
  size_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    napi_value dim;
    napi_get_element(env, argv[1], i, &dim);
    napi_get_value_uint32(env, dim, &shape[i]);
    elements *= shape[i];
  }
  if (elements != length) return Throw(env, "formatFloats: the shape does not fit the data");
  const float* floats = static_cast<const float*>(data);
  napi_value result;
  for (size_t i = 0; i < length; ++i) {
    if (!std::isfinite(floats[i])) {
      napi_create_int64(env, static_cast<int64_t>(i), &result);
      return result;
    }
  }
  Formatter formatter(floats, shape);
  formatter.text.reserve(length * 12);
  formatter.Format(0);
  if (napi_create_string_latin1(env, formatter.text.data(), formatter.text.size(), &result) != napi_ok) return nullptr;
  return result;
}

}  // namespace

void AddNumbers(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"parseFloats", nullptr, ParseFloats, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"formatFloats", nullptr, FormatFloats, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}

}  // namespace celsiusify
