#include "graph-file.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstring>

#include "../freeze/owned.h"

// Of TensorFlow's C++ library, which the C API has not: absl::Status as it is returned, in memory since it has a
// destructor.
struct ReturnedStatus {
  uintptr_t value;
  ~ReturnedStatus() {}
};

// All of them are null where TensorFlow's library has one no more: then only saved_model.pb is read.
// tensorflow::ReadSavedModel(folder, SavedModel*) (tensorflow/cc/saved_model/reader.h)
ReturnedStatus TensorFlowReadSavedModel(std::string_view folder, void* saved_model) __asm__(
    "_ZN10tensorflow14ReadSavedModelESt17basic_string_viewIcSt11char_traitsIcEEPNS_10SavedModelE") __attribute__((weak));
// tensorflow::SavedModel::SavedModel(Arena*) and ~SavedModel() (saved_model.pb.h)
void ConstructSavedModel(void* saved_model, void* arena) __asm__("_ZN10tensorflow10SavedModelC1EPN6google8protobuf5ArenaE")
    __attribute__((weak));
void DestroySavedModel(void* saved_model) __asm__("_ZN10tensorflow10SavedModelD1Ev") __attribute__((weak));
// google::protobuf::MessageLite::SerializeToString(std::string*) const
bool SerializeMessage(const void* message, std::string* bytes) __asm__(
    "_ZNK6google8protobuf11MessageLite17SerializeToStringEPNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")
    __attribute__((weak));
// tsl::Set_TF_Status_from_Status(TF_Status*, const absl::Status&)
void TensorFlowSetStatus(TF_Status* status, const ReturnedStatus& from) __asm__(
    "_ZN3tsl25Set_TF_Status_from_StatusEP10TSL_StatusRKN4absl12lts_202508146StatusE") __attribute__((weak));

namespace celsiusify {
namespace {

bool Exists(const std::string& path) {
  struct stat file;
  return stat(path.c_str(), &file) == 0;
}

// In TensorFlow's order.
std::string NameIn(const std::string& folder) {
  for (const char* name : {"saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"})
    if (Exists(folder + "/" + name)) return name;
  return "saved_model.pb";
}

// A tensorflow::SavedModel, of which only its functions are known here. It is far smaller than the memory for it.
class SavedModelMessage {
 public:
  SavedModelMessage() { ConstructSavedModel(memory_, nullptr); }
  ~SavedModelMessage() { DestroySavedModel(memory_); }
  void* get() { return memory_; }

 private:
  alignas(std::max_align_t) char memory_[4096] = {};
};

bool CanConvert() {
  return TensorFlowReadSavedModel != nullptr && ConstructSavedModel != nullptr && DestroySavedModel != nullptr &&
         SerializeMessage != nullptr && TensorFlowSetStatus != nullptr;
}

}  // namespace

GraphFile::GraphFile(const std::string& folder) : name_(NameIn(folder)) {
  if (name_ != "saved_model.pb") {
    Convert(folder);
    return;
  }
  file_ = std::make_unique<const WholeFile>(folder + "/" + name_);
  if (file_->error() != 0) failure_ = {TF_NOT_FOUND, std::strerror(file_->error())};
}

void GraphFile::Convert(const std::string& folder) {
  if (name_ == "saved_model.cpb" || !CanConvert()) {
    failure_ = {TF_UNIMPLEMENTED, "TensorFlow " + std::string(TF_Version()) + " does not read this form of a graph"};
    return;
  }
  SavedModelMessage message;
  const Owned<TF_Status> status(TF_NewStatus(), TF_DeleteStatus);
  const ReturnedStatus returned = TensorFlowReadSavedModel(folder, message.get());  // what it holds of an error is left
  TensorFlowSetStatus(status.get(), returned);
  failure_ = {TF_GetCode(status.get()), TF_Message(status.get())};
  if (failure_.code == TF_OK && !SerializeMessage(message.get(), &converted_))
    failure_ = {TF_RESOURCE_EXHAUSTED, "a graph beyond 2 GB can only be read as saved_model.pb"};
}

size_t GraphFileSize(const std::string& folder) {
  struct stat file;
  return stat((folder + "/" + NameIn(folder)).c_str(), &file) == 0 ? static_cast<size_t>(file.st_size) : 0;
}

}  // namespace celsiusify
