#include "find-signature.h"

#include "scanner.h"
#include "text.h"

namespace celsiusify {

std::string NameOfSignature(const char* at, const char* end) {
  std::string_view content;
  if (at != nullptr && *at == '"') Scanner(at, end).SkipString(&content);
  return content.empty() ? "serving_default" : Unescape(content);
}

int SignatureNamed(const std::vector<Signature>& signatures, const std::string& name) {
  for (size_t i = 0; i < signatures.size(); ++i) {
    if (signatures[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

bool FindSignature(const std::vector<Signature>& signatures, const char* at, const char* end, int* found,
                   std::string* error) {
  *found = -1;
  if (at != nullptr && *at != '"') {
    *error = "signature_name: not a string";
    return false;
  }
  const std::string name = NameOfSignature(at, end);
  *found = SignatureNamed(signatures, name);
  if (*found < 0) {
    std::string known;
    for (const Signature& signature : signatures) known += (known.empty() ? "" : ", ") + signature.name;
    *error = "signature_name: no signature " + Quoted(Beginning(name, 100, "")) + "; this model has: " +
             (known.empty() ? "none" : known);
    return false;
  }
  *error = signatures[*found].unsupported;
  return error->empty();
}

}  // namespace celsiusify
