#include "elements.h"

namespace celsiusify {

bool SkipBase64Object(Scanner* in, std::string_view* content) {
  if (!in->Take('{')) return false;
  const char* value = nullptr;
  Step step = in->First('}');
  for (; step == Step::kItem; step = in->Next('}')) {
    std::string_view key;
    if (!in->Key(&key) || !Says(key, "b64")) return false;
    value = in->at;
    if (!in->SkipValue()) return false;
  }
  if (step == Step::kFault || value == nullptr || *value != '"') return false;
  Scanner string(value, in->end);
  return string.SkipString(content);
}

std::string_view BytesOf(StringInBody string, const char* end, std::string* scratch) {
  Scanner in(string.at, end);
  std::string_view content;
  const bool is_base64 = in.Sees('{');
  if (is_base64) SkipBase64Object(&in, &content);
  else in.SkipString(&content);
  const bool plain = content.find('\\') == std::string_view::npos;
  if (plain && !is_base64) return content;
  if (is_base64) {
    const std::string unescaped = plain ? std::string() : Unescape(content);
    scratch->clear();
    DecodeBase64(plain ? content : unescaped, scratch);
  } else {
    *scratch = UnescapeToUtf8(content);
  }
  return *scratch;
}

const char* ReadElement(const char* at, const char* end, bool* element) {
  const std::string_view text(at, end - at);
  if (text.substr(0, 4) == "true") {
    *element = true;
    return at + 4;
  }
  if (text.substr(0, 5) == "false") {
    *element = false;
    return at + 5;
  }
  return nullptr;
}

const char* ReadElement(const char* at, const char* end, StringInBody* element) {
  Scanner in(at, end);
  element->at = at;
  if (in.Sees('"')) return in.SkipString() ? in.at : nullptr;
  std::string_view content;
  if (!SkipBase64Object(&in, &content)) return nullptr;
  const bool plain = content.find('\\') == std::string_view::npos;
  return plain ? IsBase64(content) ? in.at : nullptr : IsBase64(Unescape(content)) ? in.at : nullptr;
}

}  // namespace celsiusify
