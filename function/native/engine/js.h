// Between Node-API's values and C++'s.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model.h"

namespace celsiusify::js {

// The arguments of a call, and what the function was made with.
template <size_t kCount>
struct Arguments {
  napi_value values[kCount] = {};
  void* data = nullptr;
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = kCount;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
  }
  napi_value operator[](size_t i) const { return values[i]; }
};

// What a Buffer holds, for as long as that is kept.
struct Bytes {
  const char* data = nullptr;
  size_t size = 0;
  Bytes(napi_env env, napi_value buffer) {
    void* held = nullptr;
    napi_get_buffer_info(env, buffer, &held, &size);
    data = static_cast<const char*>(held);
  }
};

// Gives an object a function.
void Function(napi_env env, napi_value object, const char* name, napi_callback function, void* data = nullptr);

// Gives an object a function that calls a method of `self`, which must outlive it.
template <typename T, napi_value (T::*kMethod)(napi_callback_info)>
void Method(napi_env env, napi_value object, const char* name, T* self) {
  Function(
      env, object, name,
      [](napi_env env, napi_callback_info info) -> napi_value {
        void* data;
        napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
        return (static_cast<T*>(data)->*kMethod)(info);
      },
      self);
}

uint32_t Uint32(napi_env env, napi_value value);
double Double(napi_env env, napi_value value);
bool Bool(napi_env env, napi_value value);
std::string String(napi_env env, napi_value value);
std::vector<std::string> Strings(napi_env env, napi_value array);
std::vector<uint32_t> Uint32s(napi_env env, napi_value array);
napi_value Get(napi_env env, napi_value object, const char* name);

napi_value Undefined(napi_env env);
napi_value Number(napi_env env, double value);
napi_value Boolean(napi_env env, bool value);
// Short texts as a string, long ones as a Buffer of UTF-8 that takes them over.
napi_value TextOrBuffer(napi_env env, std::string&& text);
napi_value Buffer(napi_env env, std::string&& bytes);
// A Buffer of memory that it takes over, which free() frees.
napi_value Buffer(napi_env env, char* data, size_t size);
napi_value Array(napi_env env, const std::vector<std::string>& strings);

// An Error whose `code` is TensorFlow's, a number that gRPC uses too.
napi_value Error(napi_env env, const Failure& failure);
napi_value Throw(napi_env env, const Failure& failure);

}  // namespace celsiusify::js
