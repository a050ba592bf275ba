#include "text.h"

#include <array>

namespace celsiusify {
namespace {

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> SextetsOfBytes() {
  std::array<int8_t, 256> sextets{};
  for (auto& sextet : sextets) sextet = -1;
  for (int i = 0; i < 64; ++i) sextets[static_cast<unsigned char>(kBase64[i])] = static_cast<int8_t>(i);
  return sextets;
}
constexpr std::array<int8_t, 256> kSextets = SextetsOfBytes();

bool IsBase64Digit(char c) { return kSextets[static_cast<unsigned char>(c)] >= 0; }

// What C calls a space.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsContinuation(char c) { return (c & 0xC0) == 0x80; }

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
  } else {
    if (code < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | code >> 12));
    } else {
      out->push_back(static_cast<char>(0xF0 | code >> 18));
      out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    }
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
  }
  out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

uint32_t FourHex(const char* at) {
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) code = code << 4 | (at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
  return code;
}

bool IsHighHalf(uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
bool IsLowHalf(uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

// A lone half of a pair, as Unescape writes it.
bool IsHalf(std::string_view bytes, size_t at) {
  return bytes[at] == '\xED' && bytes.size() - at >= 3 && static_cast<unsigned char>(bytes[at + 1]) >= 0xA0;
}

std::string Unescaped(std::string_view content, bool keep_halves) {
  std::string out;
  out.reserve(content.size());
  for (size_t i = 0; i < content.size();) {
    const size_t escape = content.find('\\', i);
    if (escape == std::string_view::npos) {
      out.append(content, i);
      break;
    }
    out.append(content, i, escape - i);
    i = escape + 2;
    switch (content[escape + 1]) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        uint32_t code = FourHex(content.data() + i);
        i += 4;
        if (IsHighHalf(code) && content.size() - i >= 6 && content[i] == '\\' && content[i + 1] == 'u') {
          const uint32_t low = FourHex(content.data() + i + 2);
          if (IsLowHalf(low)) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        const bool half = IsHighHalf(code) || IsLowHalf(code);
        AppendUtf8(half && !keep_halves ? 0xFFFD : code, &out);
        break;
      }
      default: out.push_back(content[escape + 1]);
    }
  }
  return out;
}

}  // namespace

size_t Utf8Sequence(const char* at, const char* end) {
  const auto byte = [at](int i) { return static_cast<unsigned char>(at[i]); };
  const size_t left = end - at;
  const unsigned char first = byte(0);
  if (first >= 0xC2 && first <= 0xDF) return left >= 2 && IsContinuation(at[1]) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (left < 3 || !IsContinuation(at[1]) || !IsContinuation(at[2])) return 0;
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool half = first == 0xED && byte(1) >= 0xA0;
    return overlong || half ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (left < 4 || !IsContinuation(at[1]) || !IsContinuation(at[2]) || !IsContinuation(at[3])) return 0;
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) >= 0x90;  // U+10FFFF
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

bool IsUtf8(std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  while (at != end) {
    uint64_t eight;
    if (end - at >= 8 && (std::memcpy(&eight, at, 8), (eight & 0x8080808080808080) == 0)) {
      at += 8;
    } else if (static_cast<unsigned char>(*at) < 0x80) {
      ++at;
    } else {
      const size_t size = Utf8Sequence(at, end);
      if (size == 0) return false;
      at += size;
    }
  }
  return true;
}

std::string Unescape(std::string_view content) { return Unescaped(content, true); }
std::string UnescapeToUtf8(std::string_view content) { return Unescaped(content, false); }

bool Says(std::string_view content, std::string_view name) {
  if (content.find('\\') == std::string_view::npos) return content == name;
  return Unescape(content) == name;
}

void AppendQuoted(std::string_view bytes, std::string* text) {
  constexpr char kHex[] = "0123456789abcdef";
  text->push_back('"');
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  while (at != end) {
    const char* plain_end = SkipPlain(at, end);
    text->append(at, plain_end - at);
    at = plain_end;
    if (at == end) break;
    const unsigned char c = static_cast<unsigned char>(*at);
    if (IsHalf(bytes, at - bytes.data())) {
      const uint32_t code = 0xD000 | (at[1] & 0x3F) << 6 | (at[2] & 0x3F);
      text->append("\\u");
      for (int shift = 12; shift >= 0; shift -= 4) text->push_back(kHex[code >> shift & 15]);
      at += 3;
      continue;
    }
    ++at;
    switch (c) {
      case '"': text->append("\\\""); break;
      case '\\': text->append("\\\\"); break;
      case '\b': text->append("\\b"); break;
      case '\f': text->append("\\f"); break;
      case '\n': text->append("\\n"); break;
      case '\r': text->append("\\r"); break;
      case '\t': text->append("\\t"); break;
      default:
        if (c >= 0x20) {
          text->push_back(static_cast<char>(c));
        } else {
          text->append("\\u00");
          text->push_back(kHex[c >> 4]);
          text->push_back(kHex[c & 15]);
        }
    }
  }
  text->push_back('"');
}

std::string Quoted(std::string_view bytes) {
  std::string text;
  AppendQuoted(bytes, &text);
  return text;
}

std::string Beginning(std::string_view bytes, size_t units, std::string_view more) {
  size_t at = 0;
  for (size_t left = units; at < bytes.size(); --left) {
    if (left == 0) return std::string(bytes.substr(0, at)).append(more);
    const unsigned char c = static_cast<unsigned char>(bytes[at]);
    if (c >= 0xF0) {
      if (left == 1) {
        const uint32_t code = (c & 7) << 18 | (bytes[at + 1] & 0x3F) << 12 | (bytes[at + 2] & 0x3F) << 6;
        std::string cut(bytes.substr(0, at));
        AppendUtf8(0xD800 + ((code - 0x10000) >> 10), &cut);
        return cut.append(more);
      }
      --left;
    }
    at += c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
  }
  return std::string(bytes);
}

bool IsBase64(std::string_view text) {
  size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (IsBase64Digit(c)) {
      if (padding > 0) return false;
      ++digits;
    } else if (c == '=') {
      ++padding;
    } else if (!IsSpace(c)) {
      return false;
    }
  }
  return padding == 0 ? digits % 4 != 1 : padding <= 2 && (digits + padding) % 4 == 0;
}

std::string WhyNotBase64(std::string_view text) {
  if (text.substr(0, 5) == "data:") return "is a data: URL; send what stands behind its comma";
  const auto fault = [](char c) { return !IsBase64Digit(c) && c != '=' && !IsSpace(c); };
  size_t at = 0;
  while (at < text.size() && !fault(text[at])) ++at;
  if (at == text.size()) return "is no whole base64; characters at its end, or its padding, are missing or too many";
  if (text[at] == '-' || text[at] == '_') {
    return "is in base64's URL-safe alphabet, with - and _; send the standard one, with + and /";
  }
  return "is no base64: it has " + Quoted(Beginning(text.substr(at), 1, "")) + " at character " + std::to_string(at);
}

void DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->reserve(bytes->size() + text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  size_t digits = 0;
  for (const char c : text) {
    if (!IsBase64Digit(c)) continue;
    bits = bits << 6 | static_cast<uint32_t>(kSextets[static_cast<unsigned char>(c)]);
    if (++digits % 4 == 0) {
      const char three[] = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
      bytes->append(three, 3);
    }
  }
  if (digits % 4 >= 2) bytes->push_back(static_cast<char>(digits % 4 == 2 ? bits >> 4 : bits >> 10));
  if (digits % 4 == 3) bytes->push_back(static_cast<char>(bits >> 2));
}

void EncodeBase64(std::string_view bytes, std::string* text) {
  text->reserve(text->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0);
    const char four[] = {kBase64[bits >> 18], kBase64[bits >> 12 & 63], count > 1 ? kBase64[bits >> 6 & 63] : '=',
                         count > 2 ? kBase64[bits & 63] : '='};
    text->append(four, 4);
  }
}

}  // namespace celsiusify
