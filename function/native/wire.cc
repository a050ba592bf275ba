#include "wire.h"

namespace celsiusify::wire {

uint64_t Reader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (left_.empty()) break;
    const uint8_t byte = static_cast<uint8_t>(left_.front());
    left_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw std::runtime_error("saved_model.pb is damaged");
}

std::string_view Reader::Take(size_t count) {
  if (count > left_.size()) throw std::runtime_error("saved_model.pb ends too soon");
  const std::string_view taken = left_.substr(0, count);
  left_.remove_prefix(count);
  return taken;
}

bool Reader::Next(Field* field) {
  if (left_.empty()) return false;
  const std::string_view start = left_;
  const uint64_t tag = Varint();
  field->number = static_cast<uint32_t>(tag >> 3);
  field->type = static_cast<Type>(tag & 7);
  field->varint = 0;
  field->bytes = {};
  switch (field->type) {
    case kVarint: field->varint = Varint(); break;
    case kFixed64: Take(8); break;
    case kBytes: field->bytes = Take(Varint()); break;
    case kFixed32: Take(4); break;
    default: throw std::runtime_error("saved_model.pb is damaged");
  }
  field->raw = start.substr(0, start.size() - left_.size());
  return true;
}

std::string_view BytesOf(std::string_view message, uint32_t number) {
  std::string_view found;
  Reader reader(message);
  for (Field field; reader.Next(&field);)
    if (field.number == number && field.type == kBytes) found = field.bytes;
  return found;
}

uint64_t VarintOf(std::string_view message, uint32_t number, uint64_t otherwise) {
  Reader reader(message);
  for (Field field; reader.Next(&field);)
    if (field.number == number && field.type == kVarint) otherwise = field.varint;
  return otherwise;
}

void AppendVarint(std::string* message, uint64_t value) {
  for (; value > 0x7f; value >>= 7) message->push_back(static_cast<char>(value | 0x80));
  message->push_back(static_cast<char>(value));
}

void AppendVarintField(std::string* message, uint32_t number, uint64_t value) {
  AppendVarint(message, number << 3 | kVarint);
  AppendVarint(message, value);
}

void AppendInt32Field(std::string* message, uint32_t number, int32_t value) {
  AppendVarintField(message, number, static_cast<uint64_t>(static_cast<int64_t>(value)));
}

void AppendBytes(std::string* message, uint32_t number, std::string_view bytes) {
  AppendVarint(message, number << 3 | kBytes);
  AppendVarint(message, bytes.size());
  message->append(bytes);
}

Entry EntryOf(std::string_view message) { return {BytesOf(message, 1), BytesOf(message, 2)}; }

void AppendEntry(std::string* message, uint32_t number, std::string_view key, std::string_view value) {
  std::string entry;
  AppendBytes(&entry, 1, key);
  AppendBytes(&entry, 2, value);
  AppendBytes(message, number, entry);
}

}  // namespace celsiusify::wire
