#include "scanner.h"

#include <cstdint>
#include <vector>

#include "text.h"

namespace celsiusify {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

// One bit for each open list (0) or object (1): a body of brackets alone takes an eighth of its size.
class OpenValues {
 public:
  bool empty() const { return depth_ == 0; }
  bool InObject() const { return (bits_ & 1) != 0; }

  void Push(bool object) {
    if (depth_ > 0 && depth_ % 64 == 0) full_.push_back(bits_);
    ++depth_;
    bits_ = bits_ << 1 | (object ? 1 : 0);
  }

  void Pop() {
    bits_ >>= 1;
    --depth_;
    if (depth_ > 0 && depth_ % 64 == 0) {
      bits_ = full_.back();
      full_.pop_back();
    }
  }

 private:
  uint64_t bits_ = 0;  // of the innermost 1…64
  size_t depth_ = 0;
  std::vector<uint64_t> full_;  // of those around them, 64 each
};

}  // namespace

bool Scanner::SkipString(std::string_view* content) {
  const char* begin = ++at;
  for (;;) {
    at = SkipPlain(at, end);
    if (at == end) return Fail("a string without its closing quote");
    const unsigned char c = static_cast<unsigned char>(*at);
    if (c == '"') break;
    if (c == '\\') {
      if (end - at < 2) return Fail("a string without its closing quote");
      if (at[1] == 'u') {
        if (end - at < 6 || !IsHex(at[2]) || !IsHex(at[3]) || !IsHex(at[4]) || !IsHex(at[5])) {
          return Fail("an escape that is not \\u and four hexadecimal digits");
        }
        at += 6;
      } else if (at[1] != '\0' && std::strchr("\"\\/bfnrt", at[1]) != nullptr) {
        at += 2;
      } else {
        return Fail("an escape that JSON does not know");
      }
    } else if (c < 0x20) {
      return Fail("a control character in a string");
    } else {
      const size_t size = Utf8Sequence(at, end);
      if (size == 0) return Fail("bytes that are no UTF-8");
      at += size;
    }
  }
  if (content != nullptr) *content = std::string_view(begin, at - begin);
  ++at;
  return true;
}

bool Scanner::SkipValue() {
  OpenValues open;
  for (;;) {
    if (Sees('{') || Sees('[')) {
      const bool object = *at++ == '{';
      open.Push(object);
      const Step step = First(object ? '}' : ']');
      if (step == Step::kFault || (step == Step::kItem && object && !Key())) return false;
      if (step == Step::kItem) continue;
      open.Pop();
    } else if (!SkipScalar()) {
      return false;
    }
    // A value has ended, and maybe those around it.
    for (;;) {
      if (open.empty()) return true;
      const bool object = open.InObject();
      const Step step = Next(object ? '}' : ']');
      if (step == Step::kFault || (step == Step::kItem && object && !Key())) return false;
      if (step == Step::kItem) break;
      open.Pop();
    }
  }
}

bool Scanner::SkipScalar() {
  if (at == end) return Fail("it ends too early");
  switch (*at) {
    case '"':
      return SkipString();
    case 't':
      return SkipWord("true", 4);
    case 'f':
      return SkipWord("false", 5);
    case 'n':
      return SkipWord("null", 4);
    default:
      return SkipNumber();
  }
}

bool Scanner::SkipWord(const char* word, size_t size) {
  if (static_cast<size_t>(end - at) < size || std::memcmp(at, word, size) != 0) return Fail("expected a value");
  at += size;
  return true;
}

bool Scanner::SkipNumber() {
  const bool minus = Take('-');
  if (at == end || !IsDigit(*at)) return Fail(minus ? "a minus without digits" : "expected a value");
  if (*at == '0') ++at;
  else while (at != end && IsDigit(*at)) ++at;
  if (Take('.')) {
    if (at == end || !IsDigit(*at)) return Fail("a point without digits after it");
    while (at != end && IsDigit(*at)) ++at;
  }
  if (Sees('e') || Sees('E')) {
    ++at;
    if (!Take('+')) Take('-');
    if (at == end || !IsDigit(*at)) return Fail("an exponent without digits");
    while (at != end && IsDigit(*at)) ++at;
  }
  return true;
}

}  // namespace celsiusify
