// TensorFlow's C objects with an owner, and its errors as exceptions.
#pragma once

#include <memory>
#include <string>

#include "substitute.h"
#include "tensorflow/c/c_api.h"

namespace celsiusify {

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  Status(const Status&) = delete;
  ~Status() { TF_DeleteStatus(status_); }
  operator TF_Status*() const { return status_; }

  // Throws Refusal where the last call failed: what could not be done, and TensorFlow's words.
  void Check(const std::string& what) const {
    if (TF_GetCode(status_) != TF_OK) throw Refusal(what + ": " + TF_Message(status_));
  }

 private:
  TF_Status* status_;
};

// "node:index". Throws Refusal where the graph has no such node.
inline TF_Output TensorOf(TF_Graph* graph, const std::string& tensor) {
  const size_t colon = tensor.rfind(':');
  TF_Operation* operation = TF_GraphOperationByName(graph, tensor.substr(0, colon).c_str());
  if (operation == nullptr) throw Refusal("the graph has no node " + tensor.substr(0, colon));
  return {operation, colon == std::string::npos ? 0 : std::stoi(tensor.substr(colon + 1))};
}

}  // namespace celsiusify
