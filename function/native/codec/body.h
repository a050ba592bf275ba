// What decode.cc's parts share: the whole body as JSON, its faults in words, and scratch memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scanner.h"
#include "tensor-builder.h"

namespace celsiusify {

// Reads one top-level object. Use: Open, then for each member NextKey and one of SkipValue or one's own reading of
// `in`, until NextKey is false; then Close.
class Body {
 public:
  Body(const char* body, size_t size) : in(body, body + size), body_(body, size) {}

  Scanner in;

  // At the object's first member. False: the body is no JSON, or no object; `*error` says which, with `no_object`.
  bool Open(const char* no_object, std::string* error);

  // At the value of the next member, its key in `*key`. False at the object's end, and at a fault (see Close).
  bool NextKey(std::string_view* key) {
    step_ = first_ ? in.First('}') : in.Next('}');
    first_ = false;
    return step_ == Step::kItem && in.Key(key);
  }

  // After the last member, or a fault. False, with the words, where the body is no JSON.
  bool Close(std::string* error);

 private:
  bool Explain(std::string* error) const;

  std::string_view body_;
  Step step_ = Step::kItem;
  bool first_ = true;
};

// One for each input of a signature; what they hold on to between calls is little.
class Builders {
 public:
  explicit Builders(size_t count);
  ~Builders();
  Builders(const Builders&) = delete;
  Builders& operator=(const Builders&) = delete;

  TensorBuilder& operator[](size_t index) { return builders_[index]; }

 private:
  std::vector<TensorBuilder>& builders_;
  size_t count_;
};

}  // namespace celsiusify
