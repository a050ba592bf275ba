// Strings: UTF-8, JSON's escapes, base64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace celsiusify {

// Past the characters that stand for themselves in a JSON string: ASCII but control characters, quote and backslash.
inline const char* SkipPlain(const char* at, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  for (; end - at >= 8; at += 8) {
    uint64_t bytes;
    std::memcpy(&bytes, at, 8);
    const uint64_t quote = bytes ^ kOnes * '"';
    const uint64_t backslash = bytes ^ kOnes * '\\';
    // A byte's highest bit is set where it is below 0x20, zero after the XOR, or not ASCII; wrongly only after such.
    const uint64_t odd = ((bytes - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes) | bytes) & kHighs;
    if (odd != 0) {
      at += __builtin_ctzll(odd) / 8;
      break;
    }
  }
  // As signed characters those that are not ASCII are below, too, whatever plain char is on this machine.
  while (at != end && static_cast<signed char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

// Size of the character of two to four bytes that begins here; 0 where that is no well-formed UTF-8 (RFC 3629).
size_t Utf8Sequence(const char* at, const char* end);

bool IsUtf8(std::string_view bytes);

// A checked string between its quotes. \uD800…\uDFFF without its other half comes as three bytes, as if it were a
// character: JavaScript knows such strings, UTF-8 does not.
std::string Unescape(std::string_view content);

// The same as UTF-8: lone halves become U+FFFD, as they do in Node.
std::string UnescapeToUtf8(std::string_view content);

// Whether a checked string between its quotes says `name`.
bool Says(std::string_view content, std::string_view name);

// Appends a string as JSON.stringify writes it. `bytes` as Unescape gives them, or any UTF-8.
void AppendQuoted(std::string_view bytes, std::string* text);

std::string Quoted(std::string_view bytes);

// The first `units` UTF-16 code units, as JavaScript counts, and "…" where there were more. A character of two of
// which only one is left shows as its escaped half.
std::string Beginning(std::string_view bytes, size_t units, std::string_view more);

// Standard base64, with or without padding, and white space anywhere in it.
bool IsBase64(std::string_view text);

// What keeps a text from being base64, such as "is in base64's URL-safe alphabet, …".
std::string WhyNotBase64(std::string_view text);

// Of text that IsBase64. Appends the bytes.
void DecodeBase64(std::string_view text, std::string* bytes);

void EncodeBase64(std::string_view bytes, std::string* text);

}  // namespace celsiusify
