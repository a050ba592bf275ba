#include "body.h"

#include "text.h"

namespace celsiusify {

bool Body::Open(const char* no_object, std::string* error) {
  if (body_.substr(0, 3) == "\xEF\xBB\xBF") in.at += 3;  // a byte order mark
  if (in.at == in.end) {
    *error = "the body is empty; send JSON";
    return false;
  }
  in.Space();
  if (in.Take('{')) return true;
  in.SkipValue();
  step_ = Step::kEnd;
  if (Close(error)) *error = no_object;
  return false;
}

bool Body::Close(std::string* error) {
  if (in.fault == nullptr) {
    in.Space();
    if (in.at == in.end) return true;
    in.Fail("more after its end");
  }
  return Explain(error);
}

bool Body::Explain(std::string* error) const {
  *error = "the body is not UTF-8";
  if (IsUtf8(body_)) {
    *error = "the body is not JSON: " + std::string(in.fault) + " at byte " + std::to_string(in.at - body_.data());
  }
  return false;
}

namespace {
thread_local std::vector<TensorBuilder> builders_of_thread;
}

Builders::Builders(size_t count) : builders_(builders_of_thread), count_(count) {
  if (builders_.size() < count) builders_.resize(count);
}

Builders::~Builders() {
  for (size_t i = 0; i < count_; ++i) builders_[i].elements.Shrink();
}

}  // namespace celsiusify
