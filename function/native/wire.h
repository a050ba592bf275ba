// Protobuf's wire format, which GraphDef and SavedModel are read and written in: a field is a tag, then a varint, fixed
// bytes, or a length and as many bytes. What is not understood is kept as it is.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace celsiusify::wire {

enum Type : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct Field {
  uint32_t number;
  Type type;
  uint64_t varint;         // of a kVarint
  std::string_view bytes;  // of a kBytes: a string, a message, or packed numbers
  std::string_view raw;    // the whole field, tag included
};

// Reads a message's fields one after the other. The views that it gives point into the message.
class Reader {
 public:
  explicit Reader(std::string_view message) : left_(message) {}

  // Returns false at the end. Throws std::runtime_error where the bytes are no message.
  bool Next(Field* field);

  // For what is inside of a packed field.
  bool AtEnd() const { return left_.empty(); }
  uint64_t Varint();

 private:
  std::string_view Take(size_t count);

  std::string_view left_;
};

// The last field with this number, as protobuf has it; empty, or `otherwise`, where there is none.
std::string_view BytesOf(std::string_view message, uint32_t number);
uint64_t VarintOf(std::string_view message, uint32_t number, uint64_t otherwise = 0);

void AppendVarint(std::string* message, uint64_t value);
void AppendVarintField(std::string* message, uint32_t number, uint64_t value);
// Sign-extends to 64 bits, as protobuf has it.
void AppendInt32Field(std::string* message, uint32_t number, int32_t value);
// A string or a message.
void AppendBytes(std::string* message, uint32_t number, std::string_view bytes);

// One entry of a map<string, …> whose values are strings or messages.
struct Entry {
  std::string_view key;
  std::string_view value;
};
Entry EntryOf(std::string_view message);
void AppendEntry(std::string* message, uint32_t number, std::string_view key, std::string_view value);

}  // namespace celsiusify::wire
