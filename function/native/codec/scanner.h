// JSON text (RFC 8259), read in place and without recursion, as strictly as JSON.parse reads it.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace celsiusify {

// What comes next in a list or an object.
enum class Step { kItem, kEnd, kFault };

struct Scanner {
  Scanner(const char* begin, const char* text_end) : at(begin), end(text_end) {}

  const char* at;
  const char* end;
  const char* fault = nullptr;  // what is wrong at `at`, for a person; null while nothing is

  bool Fail(const char* what) {
    fault = what;
    return false;
  }

  void Space() {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
  }

  bool Sees(char c) const { return at != end && *at == c; }

  bool Take(char c) {
    if (!Sees(c)) return false;
    ++at;
    return true;
  }

  // After an opening bracket or brace: at the first item, or past `close`.
  Step First(char close) {
    Space();
    if (at == end) return Cut();
    return Take(close) ? Step::kEnd : Step::kItem;
  }

  // After an item: at the next one, or past `close`.
  Step Next(char close) {
    Space();
    if (at == end) return Cut();
    if (Take(close)) return Step::kEnd;
    if (!Take(',')) {
      Fail(close == ']' ? "expected a comma or ]" : "expected a comma or }");
      return Step::kFault;
    }
    Space();
    return Step::kItem;
  }

  // At a member of an object: its key, still escaped and without quotes; then at its value.
  bool Key(std::string_view* key = nullptr) {
    if (at == end) return Fail("it ends too early");
    if (*at != '"') return Fail("expected a key in double quotes");
    if (!SkipString(key)) return false;
    Space();
    if (!Take(':')) return Fail(at == end ? "it ends too early" : "expected a colon");
    Space();
    return true;
  }

  // At a string's opening quote.
  bool SkipString(std::string_view* content = nullptr);

  // At any value; past it, with all that is in it checked, however deep.
  bool SkipValue();

 private:
  Step Cut() {
    Fail("it ends too early");
    return Step::kFault;
  }
  bool SkipScalar();
  bool SkipNumber();
  bool SkipWord(const char* word, size_t size);
};

}  // namespace celsiusify
