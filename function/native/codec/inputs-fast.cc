#include "elements.h"
#include "inputs.h"
#include "read-lists.h"
#include "text.h"

namespace celsiusify {
namespace {

class FastReader {
 public:
  FastReader(const Signature& signature, Builders* builders) : fields_(signature.inputs), builders_(*builders) {}

  bool Read(bool rows, Scanner* in) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!IsServed(fields_[i].dtype)) return false;
      builders_[i].Clear();
    }
    uint64_t seen;
    if (!rows) return IsNamed(*in) ? ReadObject(0, in, true, &seen) : ReadOnly(in);
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
    uint64_t seen, seen_before = 0;
    Step step = in->First(']');
    for (; step == Step::kItem; step = in->Next(']'), ++rows) {
      if (!in->Sees('{') || !ReadObject(1, in, false, &seen)) return false;
      if (rows > 0 && seen != seen_before) return false;
      seen_before = seen;
    }
    if (step == Step::kFault) return false;
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!builders_[i].IsNew() && !builders_[i].Close(1, rows)) return false;
    }
    return true;
  }

  // One object with a value for each field that has no default, each once and in any order. `seen`: a bit for each
  // field that it has; none is beyond the first 64.
  bool ReadObject(size_t around, Scanner* in, bool others_pass, uint64_t* seen) {
    in->Take('{');
    size_t found = 0;
    bool others = false;
    *seen = 0;
    Step step = in->First('}');
    for (; step == Step::kItem; step = in->Next('}')) {
      std::string_view key;
      if (!in->Key(&key)) return false;
      const size_t i = FieldOf(fields_, key, found);
      if (i == fields_.size()) {
        if (!others_pass || !in->SkipValue()) return false;
        others = true;
        continue;
      }
      const uint64_t bit = uint64_t{1} << (i % 64);
      if (i >= 64 || (*seen & bit) != 0) return false;
      *seen |= bit;
      if (!ReadLists(in, fields_[i].dtype, around, &builders_[i])) return false;
      ++found;
    }
    return step == Step::kEnd && (found == fields_.size() || (!others && LacksOnlyDefaults(*seen)));
  }

  bool LacksOnlyDefaults(uint64_t seen) const {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if ((i >= 64 || (seen >> i & 1) == 0) && fields_[i].initial == nullptr) return false;
    }
    return true;
  }

  const std::vector<Field>& fields_;
  Builders& builders_;
};

}  // namespace

bool IsBase64Object(const char* at, const char* end) {
  Scanner in(at, end);
  std::string_view content;
  return SkipBase64Object(&in, &content);
}

size_t FieldOf(const std::vector<Field>& fields, std::string_view key, size_t guess) {
  if (guess < fields.size() && Says(key, fields[guess].name)) return guess;
  size_t i = 0;
  while (i < fields.size() && !Says(key, fields[i].name)) ++i;
  return i;
}

bool ReadFast(const Signature& signature, bool rows, Scanner* in, Builders* builders) {
  return FastReader(signature, builders).Read(rows, in);
}

}  // namespace celsiusify
