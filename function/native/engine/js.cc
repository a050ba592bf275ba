#include "js.h"

#include <cstdlib>
#include <utility>

namespace celsiusify::js {
namespace {

// Up to this size a string is cheaper: it is written to the socket together with the head.
constexpr size_t kStringUpTo = 16384;

bool IsAscii(const std::string& text) {
  unsigned char all = 0;
  for (unsigned char c : text) all |= c;
  return all < 0x80;
}

void Free(napi_env, void* data, void*) { std::free(data); }

void DeleteString(napi_env, void*, void* text) { delete static_cast<std::string*>(text); }

}  // namespace

void Function(napi_env env, napi_value object, const char* name, napi_callback function, void* data) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, data, &value);
  napi_set_named_property(env, object, name, value);
}

uint32_t Uint32(napi_env env, napi_value value) {
  uint32_t number = 0;
  napi_get_value_uint32(env, value, &number);
  return number;
}

double Double(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

bool Bool(napi_env env, napi_value value) {
  bool truth = false;
  napi_get_value_bool(env, value, &truth);
  return truth;
}

std::string String(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return {};
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env, value, &text[0], length + 1, &length);
  text.resize(length);
  return text;
}

std::vector<std::string> Strings(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  std::vector<std::string> strings(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    napi_get_element(env, array, i, &element);
    strings[i] = String(env, element);
  }
  return strings;
}

std::vector<uint32_t> Uint32s(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  std::vector<uint32_t> numbers(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    napi_get_element(env, array, i, &element);
    numbers[i] = Uint32(env, element);
  }
  return numbers;
}

napi_value Get(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  napi_get_named_property(env, object, name, &value);
  return value;
}

napi_value Undefined(napi_env env) {
  napi_value undefined;
  napi_get_undefined(env, &undefined);
  return undefined;
}

napi_value Number(napi_env env, double value) {
  napi_value number;
  napi_create_double(env, value, &number);
  return number;
}

napi_value Boolean(napi_env env, bool value) {
  napi_value boolean;
  napi_get_boolean(env, value, &boolean);
  return boolean;
}

napi_value Buffer(napi_env env, std::string&& bytes) {
  auto* const owned = new std::string(std::move(bytes));
  napi_value buffer = nullptr;
  if (napi_create_external_buffer(env, owned->size(), &(*owned)[0], DeleteString, owned, &buffer) == napi_ok)
    return buffer;
  napi_create_buffer_copy(env, owned->size(), owned->data(), nullptr, &buffer);
  delete owned;
  return buffer;
}

napi_value Buffer(napi_env env, char* data, size_t size) {
  napi_value buffer = nullptr;
  if (data != nullptr && napi_create_external_buffer(env, size, data, Free, nullptr, &buffer) == napi_ok) return buffer;
  napi_create_buffer_copy(env, size, data, nullptr, &buffer);
  std::free(data);
  return buffer;
}

napi_value TextOrBuffer(napi_env env, std::string&& text) {
  if (text.size() > kStringUpTo) return Buffer(env, std::move(text));
  napi_value string = nullptr;
  if (IsAscii(text)) napi_create_string_latin1(env, text.data(), text.size(), &string);
  else napi_create_string_utf8(env, text.data(), text.size(), &string);
  return string;
}

napi_value Array(napi_env env, const std::vector<std::string>& strings) {
  napi_value array;
  napi_create_array_with_length(env, strings.size(), &array);
  for (size_t i = 0; i < strings.size(); ++i) {
    napi_value element;
    napi_create_string_utf8(env, strings[i].data(), strings[i].size(), &element);
    napi_set_element(env, array, static_cast<uint32_t>(i), element);
  }
  return array;
}

napi_value Error(napi_env env, const Failure& failure) {
  napi_value message, error;
  napi_create_string_utf8(env, failure.message.data(), failure.message.size(), &message);
  napi_create_error(env, nullptr, message, &error);
  napi_set_named_property(env, error, "code", Number(env, failure.code));
  return error;
}

napi_value Throw(napi_env env, const Failure& failure) {
  napi_throw(env, Error(env, failure));
  return nullptr;
}

}  // namespace celsiusify::js
