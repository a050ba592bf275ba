#include "glue.h"

#include <cstring>
#include <string>
#include <vector>

#include "decode.h"
#include "dtype.h"
#include "encode.h"
#include "tensor-builder.h"
#include "tensorflow/core/platform/ctstring_internal.h"

namespace celsiusify {
namespace {

napi_value Throw(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

napi_value Property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  napi_get_named_property(env, object, name, &value);
  return value;
}

uint32_t LengthOf(napi_env env, napi_value array) {
  uint32_t length = 0;
  napi_get_array_length(env, array, &length);
  return length;
}

napi_value At(napi_env env, napi_value array, uint32_t index) {
  napi_value value = nullptr;
  napi_get_element(env, array, index, &value);
  return value;
}

std::string StringOf(napi_env env, napi_value value) {
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) return {};
  std::string text(size, '\0');
  napi_get_value_string_utf8(env, value, &text[0], size + 1, &size);
  return text;
}

int64_t NumberOf(napi_env env, napi_value value) {
  int64_t number = 0;
  napi_get_value_int64(env, value, &number);
  return number;
}

napi_value ToString(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value ToBytes(napi_env env, const void* data, size_t size) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, size, data, nullptr, &value);
  return value;
}

napi_value ToJavaScript(napi_env env, TF_Tensor* tensor) {
  napi_value result, dtype, shape, data;
  napi_create_object(env, &result);
  napi_create_int32(env, TF_TensorType(tensor), &dtype);
  napi_create_array(env, &shape);
  for (int i = 0; i < TF_NumDims(tensor); ++i) {
    napi_value dim;
    napi_create_int64(env, TF_Dim(tensor, i), &dim);
    napi_set_element(env, shape, i, dim);
  }
  if (TF_TensorType(tensor) == TF_STRING) {
    const TF_TString* strings = static_cast<const TF_TString*>(TF_TensorData(tensor));
    napi_create_array(env, &data);
    for (int64_t i = 0; i < TF_TensorElementCount(tensor); ++i) {
      napi_set_element(env, data, i,
                       ToBytes(env, TF_TString_GetDataPointer(&strings[i]), TF_TString_GetSize(&strings[i])));
    }
  } else {
    data = ToBytes(env, TF_TensorData(tensor), TF_TensorByteSize(tensor));
  }
  napi_set_named_property(env, result, "dtype", dtype);
  napi_set_named_property(env, result, "shape", shape);
  napi_set_named_property(env, result, "data", data);
  return result;
}

// Null where the data do not fit the shape.
TF_Tensor* TensorOf(napi_env env, napi_value value) {
  const auto dtype = static_cast<TF_DataType>(NumberOf(env, Property(env, value, "dtype")));
  const napi_value dims = Property(env, value, "shape");
  std::vector<int64_t> shape(LengthOf(env, dims));
  size_t count = 1;
  for (uint32_t i = 0; i < shape.size(); ++i) count *= shape[i] = NumberOf(env, At(env, dims, i));
  const napi_value data = Property(env, value, "data");
  const int rank = static_cast<int>(shape.size());
  void* bytes = nullptr;
  size_t size = 0;
  if (dtype != TF_STRING) {
    if (napi_get_buffer_info(env, data, &bytes, &size) != napi_ok || size != count * TF_DataTypeSize(dtype)) {
      return nullptr;
    }
    TF_Tensor* tensor = TF_AllocateTensor(dtype, shape.data(), rank, size);
    if (size > 0) std::memcpy(TF_TensorData(tensor), bytes, size);
    return tensor;
  }
  if (LengthOf(env, data) != count) return nullptr;
  TF_Tensor* tensor = AllocateStrings(dtype, shape.data(), rank);
  TF_TString* strings = static_cast<TF_TString*>(TF_TensorData(tensor));
  for (uint32_t i = 0; i < count; ++i) {
    napi_get_buffer_info(env, At(env, data, i), &bytes, &size);
    TF_TString_Copy(&strings[i], static_cast<const char*>(bytes), size);
  }
  return tensor;
}

std::vector<Field> FieldsOf(napi_env env, napi_value array) {
  std::vector<Field> fields;
  for (uint32_t i = 0; i < LengthOf(env, array); ++i) {
    const napi_value field = At(env, array, i);
    fields.push_back({StringOf(env, Property(env, field, "key")),
                      static_cast<TF_DataType>(NumberOf(env, Property(env, field, "dtype")))});
    const napi_value initial = Property(env, field, "initial");
    napi_valuetype type;
    napi_typeof(env, initial, &type);
    if (type != napi_undefined) fields.back().initial.reset(TensorOf(env, initial), TF_DeleteTensor);
  }
  return fields;
}

Signature SignatureOf(napi_env env, napi_value value) {
  return {StringOf(env, Property(env, value, "name")), FieldsOf(env, Property(env, value, "inputs")),
          FieldsOf(env, Property(env, value, "outputs")), StringOf(env, Property(env, value, "unsupported"))};
}

napi_value DecodePredictForJavaScript(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value argv[2];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  void* body = nullptr;
  size_t size = 0;
  if (argc < 2 || napi_get_buffer_info(env, argv[0], &body, &size) != napi_ok) {
    return Throw(env, "decodePredict(body: Buffer, signatures: Signature[])");
  }
  std::vector<Signature> signatures;
  for (uint32_t i = 0; i < LengthOf(env, argv[1]); ++i) signatures.push_back(SignatureOf(env, At(env, argv[1], i)));
  Decoded decoded;
  std::string error;
  if (!DecodePredict(static_cast<const char*>(body), size, signatures, &decoded, &error)) return ToString(env, error);
  napi_value result, signature, rows, inputs;
  napi_create_object(env, &result);
  napi_create_int32(env, decoded.signature, &signature);
  napi_get_boolean(env, decoded.rows, &rows);
  napi_create_array(env, &inputs);
  for (size_t i = 0; i < decoded.inputs.size(); ++i) {
    napi_set_element(env, inputs, i, ToJavaScript(env, decoded.inputs[i]));
    TF_DeleteTensor(decoded.inputs[i]);
  }
  napi_set_named_property(env, result, "signature", signature);
  napi_set_named_property(env, result, "rows", rows);
  napi_set_named_property(env, result, "inputs", inputs);
  return result;
}

napi_value DecodeFieldForJavaScript(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  void* body = nullptr;
  size_t size = 0;
  if (argc < 3 || napi_get_buffer_info(env, argv[0], &body, &size) != napi_ok) {
    return Throw(env, "decodeField(body: Buffer, key: string, dtype: number)");
  }
  TF_Tensor* tensor = nullptr;
  bool scalar = false;
  std::string error;
  if (!DecodeField(static_cast<const char*>(body), size, StringOf(env, argv[1]).c_str(),
                   static_cast<TF_DataType>(NumberOf(env, argv[2])), &tensor, &scalar, &error)) {
    return ToString(env, error);
  }
  napi_value result, is_scalar;
  napi_create_object(env, &result);
  napi_get_boolean(env, scalar, &is_scalar);
  napi_set_named_property(env, result, "tensor", ToJavaScript(env, tensor));
  napi_set_named_property(env, result, "scalar", is_scalar);
  TF_DeleteTensor(tensor);
  return result;
}

napi_value EncodePredictForJavaScript(napi_env env, napi_callback_info info) {
  size_t argc = 3;
  napi_value argv[3];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  bool rows = false;
  if (argc < 3 || napi_get_value_bool(env, argv[1], &rows) != napi_ok) {
    return Throw(env, "encodePredict(signature: Signature, rows: boolean, outputs: Tensor[])");
  }
  const Signature signature = SignatureOf(env, argv[0]);
  std::vector<TF_Tensor*> outputs;
  bool whole = LengthOf(env, argv[2]) == signature.outputs.size();
  for (uint32_t i = 0; whole && i < signature.outputs.size(); ++i) {
    outputs.push_back(TensorOf(env, At(env, argv[2], i)));
    whole = outputs.back() != nullptr;
  }
  std::string text, error;
  const bool encoded = whole && EncodePredict(signature, rows, outputs.data(), &text, &error);
  for (TF_Tensor* output : outputs) {
    if (output != nullptr) TF_DeleteTensor(output);
  }
  if (!whole) return Throw(env, "encodePredict: a tensor whose data do not fit its shape, or too few");
  if (encoded) return ToBytes(env, text.data(), text.size());
  return ToString(env, error);
}

}  // namespace

void AddCodec(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"decodePredict", nullptr, DecodePredictForJavaScript, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"decodeField", nullptr, DecodeFieldForJavaScript, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"encodePredict", nullptr, EncodePredictForJavaScript, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
}

}  // namespace celsiusify
