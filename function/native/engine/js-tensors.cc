#include "js-tensors.h"

#include <cstring>
#include <utility>

#include "../codec/dtype.h"
#include "js.h"
#include "tensorflow/core/platform/ctstring_internal.h"

namespace celsiusify::js {
namespace {

struct Bytes {
  const void* data = nullptr;
  size_t size = 0;
};

bool GetBytes(napi_env env, napi_value value, Bytes* bytes) {
  napi_typedarray_type type;
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  size_t width = 1;
  if (type == napi_int16_array || type == napi_uint16_array) width = 2;
  if (type == napi_int32_array || type == napi_uint32_array || type == napi_float32_array) width = 4;
  if (type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array) width = 8;
  *bytes = {data, length * width};
  return true;
}

bool FillStrings(napi_env env, napi_value data, size_t count, TF_Tensor* tensor) {
  uint32_t length = 0;
  if (napi_get_array_length(env, data, &length) != napi_ok || length != count) return false;
  TF_TString* const strings = static_cast<TF_TString*>(TF_TensorData(tensor));
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    Bytes bytes;
    napi_get_element(env, data, i, &element);
    if (!GetBytes(env, element, &bytes)) return false;
    TF_TString_Copy(&strings[i], static_cast<const char*>(bytes.data), bytes.size);
  }
  return true;
}

TensorPtr ToTensor(napi_env env, napi_value object, TF_DataType dtype) {
  std::vector<int64_t> dims;
  size_t count = 1;
  const napi_value shape = Get(env, object, "shape");
  uint32_t length = 0;
  napi_get_array_length(env, shape, &length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value dim;
    napi_get_element(env, shape, i, &dim);
    dims.push_back(static_cast<int64_t>(Double(env, dim)));  // beside a 0 one may be beyond 32 bits
    count *= dims.back();
  }
  const int rank = static_cast<int>(dims.size());
  const napi_value data = Get(env, object, "data");
  napi_valuetype type;
  napi_typeof(env, data, &type);
  const bool zeros = type == napi_undefined;
  if (dtype == TF_STRING) {
    TensorPtr tensor = NewStringTensor(dims.data(), rank);
    return zeros || FillStrings(env, data, count, tensor.get()) ? std::move(tensor) : nullptr;
  }
  const size_t size = count * TF_DataTypeSize(dtype);
  Bytes bytes;
  if (!zeros && (!GetBytes(env, data, &bytes) || bytes.size != size)) return nullptr;
  TensorPtr tensor(TF_AllocateTensor(dtype, dims.data(), rank, size));
  if (size > 0 && zeros) std::memset(TF_TensorData(tensor.get()), 0, size);
  if (size > 0 && !zeros) std::memcpy(TF_TensorData(tensor.get()), bytes.data, size);
  return tensor;
}

napi_value CopyOf(napi_env env, const void* data, size_t size) {
  napi_value buffer;
  napi_create_buffer_copy(env, size, data, nullptr, &buffer);
  return buffer;
}

napi_value DataOf(napi_env env, const TF_Tensor* tensor) {
  if (TF_TensorType(tensor) != TF_STRING) return CopyOf(env, TF_TensorData(tensor), TF_TensorByteSize(tensor));
  const TF_TString* const strings = static_cast<const TF_TString*>(TF_TensorData(tensor));
  const int64_t count = TF_TensorElementCount(tensor);
  napi_value array;
  napi_create_array_with_length(env, count, &array);
  for (int64_t i = 0; i < count; ++i)
    napi_set_element(env, array, static_cast<uint32_t>(i),
                     CopyOf(env, TF_TString_GetDataPointer(&strings[i]), TF_TString_GetSize(&strings[i])));
  return array;
}

}  // namespace

bool Tensors(napi_env env, napi_value array, const std::vector<Field>& fields, std::vector<TensorPtr>* tensors) {
  uint32_t length = 0;
  if (napi_get_array_length(env, array, &length) != napi_ok || length != fields.size()) return false;
  for (uint32_t i = 0; i < length; ++i) {
    napi_value object;
    napi_get_element(env, array, i, &object);
    tensors->push_back(ToTensor(env, object, ValueType(fields[i].dtype)));
    if (tensors->back() == nullptr) return false;
  }
  return true;
}

bool Defaults(napi_env env, napi_value array, std::vector<Field>* fields) {
  for (uint32_t i = 0; i < fields->size(); ++i) {
    Field& field = (*fields)[i];
    napi_value object;
    napi_valuetype type;
    if (napi_get_element(env, array, i, &object) != napi_ok) return false;
    napi_typeof(env, object, &type);
    if (type == napi_undefined) continue;
    field.initial = ToTensor(env, object, ValueType(field.dtype));
    if (field.initial == nullptr) return false;
  }
  return true;
}

napi_value FromTensors(napi_env env, const std::vector<TensorPtr>& tensors, std::vector<std::string>&& texts) {
  napi_value array;
  napi_create_array_with_length(env, tensors.size(), &array);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TF_Tensor* const tensor = tensors[i].get();
    napi_value object, shape;
    napi_create_object(env, &object);
    napi_create_array_with_length(env, TF_NumDims(tensor), &shape);
    for (int dim = 0; dim < TF_NumDims(tensor); ++dim)
      napi_set_element(env, shape, dim, Number(env, static_cast<double>(TF_Dim(tensor, dim))));
    napi_set_named_property(env, object, "dtype", Number(env, TF_TensorType(tensor)));
    napi_set_named_property(env, object, "shape", shape);
    const bool printed = i < texts.size() && !texts[i].empty();
    napi_set_named_property(env, object, "data", printed ? CopyOf(env, nullptr, 0) : DataOf(env, tensor));
    if (printed) napi_set_named_property(env, object, "text", TextOrBuffer(env, std::move(texts[i])));
    napi_set_element(env, array, static_cast<uint32_t>(i), object);
  }
  return array;
}

}  // namespace celsiusify::js
