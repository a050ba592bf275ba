#include <algorithm>
#include <cstring>

#include "body.h"
#include "elements.h"
#include "examples.h"
#include "find-signature.h"
#include "read-number.h"
#include "read-tensor.h"
#include "tensor-builder.h"
#include "tensorflow/core/platform/ctstring_internal.h"
#include "text.h"

namespace celsiusify {
namespace {

// Protobuf's wire format.
constexpr uint32_t kLengthDelimited = 2;

void AppendVarint(uint64_t value, std::string* to) {
  for (; value >= 0x80; value >>= 7) to->push_back(static_cast<char>(value | 0x80));
  to->push_back(static_cast<char>(value));
}

void AppendBytes(uint32_t number, std::string_view bytes, std::string* to) {
  AppendVarint(number << 3 | kLengthDelimited, to);
  AppendVarint(bytes.size(), to);
  to->append(bytes);
}

// Which of Feature's lists has the values; by their numbers there.
enum Kind : uint32_t { kNone = 0, kBytesList = 1, kFloatList = 2, kInt64List = 3 };

const char* NameOf(Kind kind) {
  return kind == kBytesList ? "bytes" : kind == kFloatList ? "a float" : "an int64";
}

// Reads examples out of text that is known to be JSON.
class ExampleReader {
 public:
  ExampleReader(const char* end, std::string* error) : end_(end), error_(error) {}

  // Appends an example at `at`, serialized, to `example`.
  bool Read(const char* at, const std::string& path, std::string* example) {
    Scanner in(at, end_);
    if (!in.Take('{')) return Fail(path + ": " + Shown(at, end_, TF_STRING) + " is no object of features");
    features_.clear();
    for (Step step = in.First('}'); step == Step::kItem; step = in.Next('}')) {
      std::string_view key;
      in.Key(&key);
      const std::string name = UnescapeToUtf8(key);
      const char* const value = in.at;
      in.SkipValue();
      if (!ReadFeature(value, [&] { return path + "." + Beginning(Unescape(key), 100, "…"); })) return false;
      entry_.clear();
      AppendBytes(1, name, &entry_);
      AppendBytes(2, feature_, &entry_);
      AppendBytes(1, entry_, &features_);
    }
    AppendBytes(1, features_, example);
    return true;
  }

 private:
  bool Fail(std::string error) {
    *error_ = std::move(error);
    return false;
  }

  // A value, or a list of values of one kind, to `feature_`. `path` says where it stands, for messages.
  template <class Path>
  bool ReadFeature(const char* at, Path path) {
    values_.clear();
    feature_.clear();
    Kind kind = kNone;
    Scanner in(at, end_);
    if (in.Take('[')) {
      size_t i = 0;
      for (Step step = in.First(']'); step == Step::kItem; step = in.Next(']'), ++i) {
        const auto place = [&] { return path() + "[" + std::to_string(i) + "]"; };
        const Kind before = kind;
        if (!ReadValue(in.at, place, &kind)) return false;
        if (before != kNone && kind != before) {
          return Fail(place() + ": " + Shown(in.at, end_, TF_INT64) + " is " + NameOf(kind) + ", and the first of the list " +
                      NameOf(before) + (before == kBytesList || kind == kBytesList ? "" : "; write floats with a point"));
        }
        in.SkipValue();
      }
    } else if (!ReadValue(at, path, &kind)) {
      return false;
    }
    if (kind == kNone) return true;
    list_.clear();
    if (kind == kBytesList) list_.swap(values_);
    else AppendBytes(1, values_, &list_);
    AppendBytes(kind, list_, &feature_);
    return true;
  }

  template <class Path>
  bool ReadValue(const char* at, Path path, Kind* kind) {
    if (*at == '"' || *at == '{') return ReadBytes(at, path, kind);
    if (*at == 't' || *at == 'f') {
      *kind = kInt64List;
      AppendVarint(*at == 't' ? 1 : 0, &values_);
      return true;
    }
    if (*at != '-' && !IsDigit(*at)) return Refuse(at, path);
    Scanner in(at, end_);
    in.SkipValue();
    const std::string_view number(at, in.at - at);
    if (number.find_first_of(".eE") == std::string_view::npos) {
      int64_t whole;
      uint64_t beyond;
      if (ReadInteger(at, end_, &whole) != nullptr) {
        *kind = kInt64List;
        AppendVarint(static_cast<uint64_t>(whole), &values_);
        return true;
      }
      if (ReadInteger(at, end_, &beyond) != nullptr)
        return Fail(path() + ": " + std::string(number) + " is beyond the range of int64");
    }
    float value;
    if (ReadElement(at, end_, &value) == nullptr)
      return Fail(path() + ": " + Shown(at, end_, TF_FLOAT) + " is beyond the range of float32");
    *kind = kFloatList;
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    values_.append(bytes, sizeof value);
    return true;
  }

  template <class Path>
  bool ReadBytes(const char* at, Path path, Kind* kind) {
    StringInBody string;
    if (ReadElement(at, end_, &string) == nullptr) return Refuse(at, path);
    *kind = kBytesList;
    AppendBytes(1, BytesOf(string, end_, &scratch_), &values_);
    return true;
  }

  template <class Path>
  bool Refuse(const char* at, Path path) {
    Scanner in(at, end_);
    std::string_view content;
    return Fail(path() + ": " + Shown(at, end_, TF_STRING) + " " +
                (SkipBase64Object(&in, &content) ? WhyNotBase64(Unescape(content))
                                                 : "is neither a number, a bool, a string nor {\"b64\": \"…\"}"));
  }

  const char* end_;
  std::string* error_;
  std::string features_, entry_, feature_, list_, values_;  // each within the one before
  std::string scratch_;
};

// What copies of the context may take: a body of some KiB must not become gigabytes.
size_t MostBytes(size_t body) { return std::max<size_t>(16 << 20, 8 * body); }

bool ReadAll(const char* examples, const char* context, const char* end, size_t most, Decoded* out,
             std::string* error) {
  ExampleReader reader(end, error);
  std::string common;
  if (context != nullptr && !reader.Read(context, "context", &common)) return false;
  Scanner in(examples, end);
  if (!in.Take('[')) {
    *error = "examples: " + Shown(examples, end, TF_STRING) + " is no list of examples";
    return false;
  }
  std::vector<std::string> all;
  for (Step step = in.First(']'); step == Step::kItem; step = in.Next(']')) {
    // Messages of one type that stand one after the other are merged: the example's own features win.
    all.push_back(common);
    if (all.size() * common.size() > most) {
      *error = "context: its features, once for each example, take more than " + std::to_string(most) +
               " bytes; send fewer examples at once";
      return false;
    }
    if (!reader.Read(in.at, "examples[" + std::to_string(all.size() - 1) + "]", &all.back())) return false;
    in.SkipValue();
  }
  if (all.empty()) {
    *error = "examples: the list is empty";
    return false;
  }
  const int64_t count = static_cast<int64_t>(all.size());
  TF_Tensor* tensor = AllocateStrings(TF_STRING, &count, 1);
  TF_TString* strings = static_cast<TF_TString*>(TF_TensorData(tensor));
  for (const std::string& example : all) TF_TString_Copy(strings++, example.data(), example.size());
  out->inputs.push_back(tensor);
  return true;
}

}  // namespace

bool DecodeExamples(const char* text, size_t size, const std::vector<Signature>& signatures, Task task, Decoded* out,
                    std::string* error) {
  out->signature = -1;
  out->inputs.clear();
  Body body(text, size);
  if (!body.Open("the body is not a JSON object; send {\"examples\": [{…}, …]}", error)) return false;
  const char *examples = nullptr, *context = nullptr, *name = nullptr;
  std::string_view key;
  while (body.NextKey(&key)) {
    if (Says(key, "examples")) examples = body.in.at;
    else if (Says(key, "context")) context = body.in.at;
    else if (Says(key, "signature_name")) name = body.in.at;
    if (!body.in.SkipValue()) break;
  }
  const char* const end = body.in.end;
  if (!body.Close(error) || !FindSignature(signatures, name, end, &out->signature, error)) return false;
  const Signature& signature = signatures[out->signature];
  *error = task == Task::kClassify ? signature.no_classify : signature.no_regress;
  if (!error->empty()) return false;
  if (examples == nullptr) {
    *error = "give \"examples\", a list of objects such as {\"feature\": 1.5}";
    return false;
  }
  return ReadAll(examples, context, end, MostBytes(size), out, error);
}

}  // namespace celsiusify
