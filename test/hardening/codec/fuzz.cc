// fuzz SEED SECONDS THREADS: damaged and undamaged bodies to the codec, each in memory of exactly its size, so that a
// sanitizer sees a byte read too far. What is read must be written, and then read as the same.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "decode.h"
#include "encode.h"
#include "examples.h"
#include "tensor-builder.h"
#include "tensors.h"

using namespace celsiusify;

namespace {

constexpr TF_DataType kDtypes[] = {TF_FLOAT,  TF_DOUBLE, TF_HALF,   TF_BFLOAT16, TF_COMPLEX64, TF_COMPLEX128, TF_INT8,
                                   TF_INT16,  TF_INT32,  TF_INT64,  TF_UINT8,    TF_UINT16,    TF_UINT32,     TF_UINT64,
                                   TF_QINT32, TF_BOOL,   TF_STRING, TF_RESOURCE};

const char* const kPieces[] = {
    "[", "]", "{", "}", ",", ":", "\"", "\\", "1", "0", "-", ".", "e", "E+5", "null", "true", "false", " ", "\n",
    "\x01", "\xC3\xBC", "\xED\xA0\x80", "\xF0\x9F\x98\x80", "\xEF\xBB\xBF", "\\ud83d", "\\ude00", "\\u00", "[]", "{}",
    "\"b64\"", "{\"b64\":\"AAE=\"}", "\"instances\":", "\"inputs\":", "\"signature_name\":\"two\"", "\"x\":",
    "1e400", "-1e-400", "9223372036854775808", "18446744073709551615", "3.4028236e38", "0.30000001192092896",
    "12345678", "123456789012345678901234567890", "[[1,2],[3,4]]"};

using Random = std::mt19937_64;

size_t Below(Random* random, size_t n) { return (*random)() % n; }

std::string Value(Random* random, TF_DataType dtype) {
  switch (dtype) {
    case TF_BOOL:
      return Below(random, 2) == 0 ? "true" : "false";
    case TF_STRING: {
      static const char* const kStrings[] = {"\"\"", "\"a\\n\\u00fc\\ud800\"", "{\"b64\":\"AAEC\"}", "{\"b64\":\"AA\"}",
                                             "\"a string of more than twenty-two bytes\""};
      return kStrings[Below(random, 5)];
    }
    case TF_COMPLEX64:
    case TF_COMPLEX128:
      return "[" + Value(random, TF_DOUBLE) + "," + Value(random, TF_FLOAT) + "]";
    case TF_FLOAT:
    case TF_DOUBLE:
    case TF_HALF:
    case TF_BFLOAT16: {
      char text[64];
      const double mantissa = std::uniform_real_distribution<double>(-10, 10)(*random);
      std::snprintf(text, sizeof text, "%.*fe%d", static_cast<int>(Below(random, 20)), mantissa,
                    static_cast<int>(Below(random, 7)) - 3);
      return text;
    }
    default:
      return std::to_string(Below(random, 130));
  }
}

std::string Lists(Random* random, TF_DataType dtype, const size_t* shape, size_t rank) {
  if (rank == 0) return Value(random, dtype);
  std::string text = "[";
  for (size_t i = 0; i < shape[0]; ++i) text += (i == 0 ? "" : ",") + Lists(random, dtype, shape + 1, rank - 1);
  return text + "]";
}

std::string AnyBody(Random* random, TF_DataType dtype) {
  size_t shape[4];
  for (size_t& dim : shape) dim = 1 + Below(random, 5);
  const auto value = [&](size_t from) { return Lists(random, dtype, shape + from, Below(random, 4 - from)); };
  switch (Below(random, 7)) {
    case 0:
      return "{\"instances\":[" + value(1) + "]}";
    case 1:
      return "{\"instances\":[{\"x\":" + value(1) + "}],\"signature_name\":\"\"}";
    case 2:
      return "{\"signature_name\":\"two\",\"inputs\":{\"y\":" + Value(random, TF_STRING) + ",\"x\":" + value(0) + "}}";
    case 3:
      return "{\"instances\":[{\"x\":" + value(2) + ",\"y\":[\"\"]}],\"signature_name\":\"two\"}";
    case 4:
      return "{\"instances\":[{\"x\":" + value(3) + "},{\"x\":" + value(3) + "}],\"signature_name\":\"default\"}";
    case 5:
      return "{\"context\":{\"x\":" + value(3) + "},\"examples\":[{\"y\":" + value(3) + ",\"z\":" + Value(random, TF_STRING) +
             "},{}]}";
    default:
      return "{\"inputs\":" + value(0) + "}";
  }
}

void Damage(Random* random, std::string* body) {
  for (size_t times = Below(random, 4); times-- > 0;) {
    const size_t at = Below(random, body->size() + 1);
    const size_t cut = Below(random, 3) == 0 ? Below(random, 6) : 0;
    switch (Below(random, 4)) {
      case 0:
        body->replace(at, cut, std::string(1, static_cast<char>(Below(random, 256))));
        break;
      case 1:
        body->resize(at);
        break;
      default:
        body->replace(at, cut, kPieces[Below(random, sizeof kPieces / sizeof *kPieces)]);
    }
  }
}

[[noreturn]] void Abort(const char* what, const std::string& body) {
  std::fprintf(stderr, "%s: %s\n", what, body.c_str());
  std::abort();
}

// True where the body was read.
bool Try(const std::string& body, const std::vector<Signature>& signatures) {
  const std::unique_ptr<char[]> exact(new char[body.size()]);
  std::memcpy(exact.get(), body.data(), body.size());
  Decoded decoded;
  std::string error;
  TF_Tensor* field = nullptr;
  bool scalar = false;
  if (DecodeField(exact.get(), body.size(), "inputs", signatures[0].inputs[0].dtype, &field, &scalar, &error)) {
    TF_DeleteTensor(field);
  } else if (error.empty() || field != nullptr) {
    Abort("refused without words", body);
  }
  error.clear();
  if (DecodeExamples(exact.get(), body.size(), signatures, Task::kRegress, &decoded, &error)) {
    for (TF_Tensor* tensor : decoded.inputs) TF_DeleteTensor(tensor);
  } else if (error.empty() || !decoded.inputs.empty()) {
    Abort("refused without words", body);
  }
  error.clear();
  if (!DecodePredict(exact.get(), body.size(), signatures, &decoded, &error)) {
    if (error.empty() || !decoded.inputs.empty()) Abort("refused without words", body);
    return false;
  }
  std::string text, again;
  const Signature& signature = signatures[decoded.signature];
  if (EncodePredict(signature, false, decoded.inputs.data(), &text, &error)) {
    text.replace(0, std::strlen("{\"outputs\":"), "{\"inputs\":");
    text.insert(1, "\"signature_name\":\"" + signature.name + "\",");
    Decoded back;
    if (!DecodePredict(text.data(), text.size(), signatures, &back, &error)) Abort(error.c_str(), body);
    EncodePredict(signature, false, back.inputs.data(), &again, &error);
    if (text.substr(text.find(",\"inputs\":") + 10) != again.substr(11)) Abort("not the same again", body);
    for (TF_Tensor* tensor : back.inputs) TF_DeleteTensor(tensor);
  }
  EncodePredict(signature, true, decoded.inputs.data(), &again, &error);
  for (TF_Tensor* tensor : decoded.inputs) TF_DeleteTensor(tensor);
  return true;
}

void Fuzz(uint64_t seed, std::chrono::steady_clock::time_point until, size_t* tried, size_t* read) {
  Random random(seed);
  while (std::chrono::steady_clock::now() < until) {
    for (int i = 0; i < 100; ++i, ++*tried) {
      const TF_DataType dtype = kDtypes[Below(&random, sizeof kDtypes / sizeof *kDtypes)];
      const Field x{"x", dtype}, y{"y", TF_STRING};
      Field z = y;
      z.initial.reset(AllocateStrings(TF_STRING, nullptr, 0), TF_DeleteTensor);
      std::string body = AnyBody(&random, dtype);
      Damage(&random, &body);
      const std::vector<Signature> signatures = {
          {"serving_default", {x}, {x}, ""}, {"two", {x, y}, {x, y}, ""}, {"default", {x, z}, {x, z}, ""}};
      if (Try(body, signatures)) ++*read;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const uint64_t seed = std::strtoull(argv[1], nullptr, 10);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[2]));
  const size_t count = std::strtoull(argv[3], nullptr, 10);
  std::vector<size_t> tried(count), read(count);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back(Fuzz, seed + i, until, &tried[i], &read[i]);
  size_t all = 0, all_read = 0;
  for (size_t i = 0; i < count; ++i) {
    threads[i].join();
    all += tried[i];
    all_read += read[i];
  }
  std::printf("%zu bodies, %zu of them read, %lld tensors left\n", all, all_read,
              static_cast<long long>(TensorsAlive()));
  return TensorsAlive() == 0 ? 0 : 1;
}
