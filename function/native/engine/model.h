// A model that can be run from any thread: its session, which can be replaced, and its signatures.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../codec/signature.h"
#include "../freeze/freeze.h"
#include "tensors.h"

namespace celsiusify {

// A session of TensorFlow with its graph; both end with the last who uses them.
class Session {
 public:
  Session(TF_Session* session, TF_Graph* graph) : session_(session), graph_(graph) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  TF_Session* get() const { return session_; }
  TF_Graph* graph() const { return graph_; }

 private:
  TF_Session* const session_;
  TF_Graph* const graph_;
};

// Why TensorFlow did not do something; TF_OK where it did. Its codes are gRPC's.
struct Failure {
  TF_Code code = TF_OK;
  std::string message;
};

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

  // Runs in the calling thread, in TensorFlow's numeric mode. `outputs` is filled only where it went well.
  Failure Run(int signature, const std::vector<TF_Tensor*>& inputs, std::vector<TensorPtr>* outputs) const;

  // The same signatures and formats in another session.
  Model(const Model& other, std::shared_ptr<Session> session);
  // What signatures that are served feed and fetch.
  std::vector<Endpoints> runs() const;

  // Runs from now on are of `session`; those under way end in the one before. False, and nothing changed, where it lacks
  // a tensor of a signature.
  bool Replace(std::shared_ptr<Session> session);
  std::shared_ptr<Session> session() const;

 private:
  // A session, and where its signatures' tensors are in its graph.
  struct Bound {
    std::shared_ptr<Session> session;
    std::vector<std::vector<TF_Output>> inputs, outputs;
    std::vector<std::string> missing;  // for each signature the first tensor that is not there
  };
  std::shared_ptr<const Bound> Bind(std::shared_ptr<Session> session) const;
  std::shared_ptr<const Bound> bound() const;

  std::vector<SignatureDef> definitions_;
  std::vector<Signature> signatures_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Bound> bound_;
};

}  // namespace celsiusify
