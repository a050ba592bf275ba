#include "body.h"
#include "decode.h"
#include "elements.h"
#include "read-lists.h"
#include "read-tensor.h"
#include "text.h"

namespace celsiusify {
namespace {

// What is sent instead, for messages.
std::string Example(const std::string& key) {
  return "; send {" + Quoted(key) + ": 212} or {" + Quoted(key) + ": [212, 32]}";
}

// Says what is wrong with the value of the key: text that is known to be JSON. Empty where that is nothing.
std::string FaultIn(const char* at, const char* end, const std::string& key, TF_DataType dtype) {
  Scanner in(at, end);
  const auto no_number = [](const Scanner& scanner) { return *scanner.at != '-' && !IsDigit(*scanner.at); };
  if (!in.Take('[')) {
    if (!no_number(in)) return {};
    return key + ": " + Shown(at, end, dtype) + " is neither a number nor a list of numbers" + Example(key);
  }
  Step step = in.First(']');
  if (step == Step::kEnd) return key + ": an empty list, which should hold 1 number at least" + Example(key);
  for (size_t i = 0; step == Step::kItem; step = in.Next(']'), ++i) {
    if (no_number(in)) {
      return key + "." + std::to_string(i) + ": " + Shown(in.at, end, dtype) + " is not a number" + Example(key);
    }
    in.SkipValue();
  }
  return {};
}

}  // namespace

bool DecodeField(const char* text, size_t size, const char* key, TF_DataType dtype, TF_Tensor** out, bool* scalar,
                 std::string* error) {
  *out = nullptr;
  const std::string field_name = key;
  if (!IsServed(dtype) || IsComplex(dtype)) {
    *error = "input " + Quoted(field_name) + " has dtype " + NameOf(dtype) + ", which is not served here";
    return false;
  }
  Body body(text, size);
  Builders builders(1);
  TensorBuilder& builder = builders[0];
  if (!body.Open(("the body: must be an object" + Example(field_name)).c_str(), error)) return false;
  const char* value = nullptr;
  bool read = false;
  std::string_view name, other;
  while (body.NextKey(&name)) {
    if (Says(name, field_name)) {
      value = body.in.at;
      builder.Clear();
      read = ReadLists(&body.in, dtype, 0, &builder);
      if (read) continue;
      body.in.at = value;
      body.in.fault = nullptr;
    } else if (other.data() == nullptr) {
      other = name;
    }
    if (!body.in.SkipValue()) break;
  }
  if (!body.Close(error)) return false;
  if (value == nullptr && other.data() == nullptr) {
    *error = "the body: must have " + Quoted(field_name) + Example(field_name);
    return false;
  }
  if (value != nullptr) {
    *error = read && builder.shape.size() <= 1 && builder.elements.size() > 0
                 ? std::string()
                 : FaultIn(value, body.in.end, field_name, dtype);
    if (!error->empty()) return false;
  }
  if (other.data() != nullptr) {
    *error = Beginning(Unescape(other), 100, "") + ": not known here" + Example(field_name);
    return false;
  }
  *scalar = *value != '[';
  if (!read) {
    *out = ReadTensor({{value}, false, false, body.in.end}, {field_name, dtype}, field_name, &builder, error);
    return *out != nullptr;
  }
  if (*scalar) builder.shape.push_back(1);
  *out = builder.Finish(dtype, false, body.in.end);
  return true;
}

}  // namespace celsiusify
