#include "lists.h"

#include <string_view>
#include <utility>

#include "body.h"
#include "read-lists.h"
#include "text.h"

namespace celsiusify {
namespace {

struct Datatype {
  const char* name;
  TF_DataType dtype;
};

constexpr Datatype kDatatypes[] = {
    {"FP32", TF_FLOAT},   {"FP64", TF_DOUBLE},   {"FP16", TF_HALF},     {"BF16", TF_BFLOAT16}, {"BOOL", TF_BOOL},
    {"INT8", TF_INT8},    {"INT16", TF_INT16},   {"INT32", TF_INT32},   {"INT64", TF_INT64},   {"UINT8", TF_UINT8},
    {"UINT16", TF_UINT16}, {"UINT32", TF_UINT32}, {"UINT64", TF_UINT64},
};

class ListsReader {
 public:
  ListsReader(const char* body, size_t size, Lists* lists) : body_(body, size), from_(body), lists_(lists) {}

  ListsRead Read(std::string* error) {
    if (!body_.Open("", error)) return body_.in.fault == nullptr ? ListsRead::kOther : ListsRead::kNoJson;
    bool inputs = false;
    std::string_view key;
    while (body_.NextKey(&key)) {
      if (!Says(key, "inputs")) {
        in().SkipValue();
      } else {
        if (inputs || !ReadInputs()) other_ = true;  // of a key that is there twice the last counts
        inputs = true;
      }
      if (other_ || in().fault != nullptr) break;
    }
    if (other_ && in().fault == nullptr) return ListsRead::kOther;
    if (!body_.Close(error)) return ListsRead::kNoJson;
    lists_->around.append(from_, in().end);
    return ListsRead::kRead;
  }

 private:
  Scanner& in() { return body_.in; }

  // False for what is to be read in another way, or at a fault.
  bool ReadInputs() {
    if (!in().Take('[')) return false;
    Step step = in().First(']');
    for (; step == Step::kItem; step = in().Next(']'))
      if (!ReadInput()) return false;
    return step == Step::kEnd;
  }

  bool ReadInput() {
    if (!in().Take('{')) return false;
    const char* data = nullptr;
    const char* data_end = nullptr;
    const Datatype* datatype = nullptr;
    bool typed = false, filled = false;
    ElementBuffer elements;
    Step step = in().First('}');
    for (; step == Step::kItem; step = in().Next('}')) {
      std::string_view key, text;
      if (!in().Key(&key)) return false;
      if (Says(key, "datatype")) {
        if (typed || !in().Sees('"') || !in().SkipString(&text)) return false;
        typed = true;
        datatype = Find(text);
      } else if (Says(key, "data")) {
        if (data != nullptr || !(in().Sees('[') || in().Sees('n'))) return false;
        data = in().at;
        filled = datatype != nullptr && in().Sees('[');
        if (filled ? !ReadList(&in(), datatype->dtype, &elements) : !in().SkipValue()) return false;
        data_end = in().at;
      } else if (!in().SkipValue()) {
        return false;
      }
    }
    if (step != Step::kEnd) return false;
    if (data == nullptr || *data != '[' || datatype == nullptr) return true;
    if (!filled) {  // its datatype came later
      Scanner again(data, data_end);
      if (!ReadList(&again, datatype->dtype, &elements)) return false;
    }
    lists_->around.append(from_, data).append(std::to_string(lists_->elements.size()));
    lists_->elements.push_back(std::move(elements));
    from_ = data_end;
    return true;
  }

  static const Datatype* Find(std::string_view text) {
    for (const Datatype& datatype : kDatatypes)
      if (Says(text, datatype.name)) return &datatype;
    return nullptr;
  }

  // Where it is no list of such elements, it may be no JSON.
  static bool ReadList(Scanner* in, TF_DataType dtype, ElementBuffer* elements) {
    const char* const at = in->at;
    TensorBuilder builder;
    if (ReadLists(in, dtype, 0, &builder)) {
      *elements = std::move(builder.elements);
      return true;
    }
    in->at = at;
    in->fault = nullptr;
    in->SkipValue();
    return false;
  }

  Body body_;
  const char* from_;  // what comes next of `around`
  Lists* lists_;
  bool other_ = false;
};

}  // namespace

ListsRead ReadDataLists(const char* body, size_t size, Lists* lists, std::string* error) {
  return ListsReader(body, size, lists).Read(error);
}

}  // namespace celsiusify
