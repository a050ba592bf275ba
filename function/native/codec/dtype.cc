#include "dtype.h"

#include <iterator>

namespace celsiusify {

bool IsServed(TF_DataType dtype) {
  switch (ValueType(dtype)) {
    case TF_HALF: case TF_BFLOAT16: case TF_FLOAT: case TF_DOUBLE: case TF_COMPLEX64: case TF_COMPLEX128:
    case TF_INT8: case TF_INT16: case TF_INT32: case TF_INT64:
    case TF_UINT8: case TF_UINT16: case TF_UINT32: case TF_UINT64:
    case TF_QINT8: case TF_QINT16: case TF_QINT32: case TF_QUINT8: case TF_QUINT16:
    case TF_BOOL: case TF_STRING:
      return true;
    default:
      return false;
  }
}

std::string NameOf(TF_DataType dtype) {
  // By number of `enum DataType` (tensorflow/core/framework/types.proto).
  static constexpr const char* kNames[] = {
      "INVALID", "FLOAT",      "DOUBLE",   "INT32", "UINT8",      "INT16",  "INT8",    "STRING",
      "COMPLEX64", "INT64",    "BOOL",     "QINT8", "QUINT8",     "QINT32", "BFLOAT16", "QINT16",
      "QUINT16", "UINT16",     "COMPLEX128", "HALF", "RESOURCE",  "VARIANT", "UINT32", "UINT64",
      "FLOAT8_E5M2", "FLOAT8_E4M3FN"};
  const size_t number = static_cast<size_t>(ValueType(dtype));
  std::string name = number < std::size(kNames) ? kNames[number] : "number " + std::to_string(number);
  if (dtype > 100) name += "_REF";
  return "DT_" + name;
}

}  // namespace celsiusify
