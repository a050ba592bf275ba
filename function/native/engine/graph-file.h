// The file of a SavedModel that holds its graph, as it was exported.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "model.h"
#include "whole-file.h"

namespace celsiusify {

// The bytes of a saved_model.pb, for as long as it lives: those of the file itself; or, of a
// saved_model.pbtxt, what TensorFlow makes of it. Where a folder has several, the one that TensorFlow loads.
class GraphFile {
 public:
  explicit GraphFile(const std::string& folder);
  // Its name alone; saved_model.pb where the folder has none.
  const std::string& name() const { return name_; }
  std::string_view bytes() const { return file_ == nullptr ? std::string_view(converted_) : file_->bytes(); }
  // TF_OK where it was read; TF_NOT_FOUND where there is none; TF_UNIMPLEMENTED where TensorFlow cannot read its kind (it
  // splits graphs into a saved_model.cpb, but not in the builds that are published); else it cannot be parsed.
  const Failure& failure() const { return failure_; }

 private:
  void Convert(const std::string& folder);

  std::string name_;
  std::unique_ptr<const WholeFile> file_;
  std::string converted_;
  Failure failure_;
};

// How large the file is, in bytes; 0 where there is none.
size_t GraphFileSize(const std::string& folder);

}  // namespace celsiusify
