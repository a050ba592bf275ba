// A model that can be run from any thread: its session, which can be replaced, and its signatures.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../codec/signature.h"
#include "../session.h"
#include "tensors.h"

namespace celsiusify {

// A signature as a caller names it, with the graph's names of its tensors ("name:index"), in the order of its fields.
struct SignatureDef {
  Signature signature;
  std::vector<std::string> inputs, outputs;
};

// A JSON object with one key that is fed to a signature of one input, and the text around the answer: POST /celsius.
struct FieldFormat {
  std::string key;
  int signature;
  std::string prefix, suffix;
};

class Model {
 public:
  // Looks up each signature's tensors; those whose graph lacks one become `unsupported`, in words.
  Model(std::shared_ptr<Session> session, std::vector<SignatureDef> definitions);

  const std::vector<Signature>& signatures() const { return signatures_; }
  std::vector<FieldFormat> fields;

  // Runs in the calling thread, with the help of others that are idle where they are given: see Session::Run().
  Failure Run(int signature, const std::vector<TF_Tensor*>& inputs, std::vector<TensorPtr>* outputs,
              Helpers* helpers) const;

  // The same signatures and formats in another session.
  Model(const Model& other, std::shared_ptr<Session> session);
  // What signatures that are served feed and fetch.
  std::vector<Endpoints> runs() const;

  // Runs from now on are of `session`; those under way end in the one before. False, and nothing changed, where it lacks
  // a tensor of a signature.
  bool Replace(std::shared_ptr<Session> session);
  std::shared_ptr<Session> session() const;

 private:
  // A session, and for each signature its run there.
  struct Bound {
    std::shared_ptr<Session> session;
    std::vector<Endpoints> runs;
    std::vector<std::string> missing;            // the first tensor that is not there
    std::vector<std::atomic<int64_t>> prepared;  // kNotPrepared before the first run
  };
  std::shared_ptr<Bound> Bind(std::shared_ptr<Session> session) const;
  std::shared_ptr<Bound> bound() const;

  std::vector<SignatureDef> definitions_;
  std::vector<Signature> signatures_;
  mutable std::mutex mutex_;
  std::shared_ptr<Bound> bound_;
};

}  // namespace celsiusify
