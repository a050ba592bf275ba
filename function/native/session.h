// A session of TensorFlow with its graph. It knows what TensorFlow's C++ API can and its C API cannot: runs that are
// prepared once, and runs whose operations use other threads of ours.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/tensors.h"
#include "tensorflow/c/c_api.h"

namespace celsiusify {

// Why TensorFlow did not do something; TF_OK where it did. Its codes are gRPC's.
struct Failure {
  TF_Code code = TF_OK;
  std::string message;
};

// One run's tensors, as "node:index".
struct Endpoints {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

// Threads that may do parts of a run beside the one that runs it.
class Helpers {
 public:
  virtual ~Helpers() = default;
  // How many there are at most.
  virtual int count() const = 0;
  // One of them does `part` soon. False, and `part` is as it was, where none has time: nothing may wait for one.
  virtual bool Offer(std::function<void()>& part) = 0;
};

class Session {
 public:
  // Both end with it.
  // spreads: its operations are in parts for as many threads as there are, in each run. One or the other for good, since
  // oneDNN lays out weights for a number of threads, and keeps that.
  Session(TF_Session* session, TF_Graph* graph, bool spreads) : session_(session), graph_(graph), spreads_(spreads) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  TF_Session* get() const { return session_; }
  TF_Graph* graph() const { return graph_; }
  bool spreads() const { return spreads_; }

  // Has TensorFlow prepare a run (prune and optimise the graph, make kernels), which takes what a first run would: up to
  // seconds. Done once for the same tensors, by whoever is first; others wait.
  Failure Prepare(const Endpoints& run, int64_t* prepared);

  // Runs in the calling thread, in TensorFlow's numeric mode, what Prepare() gave. `inputs` and `outputs` are in the order of the
  // run's; `outputs` is filled only where it went well. Where the session spreads, parts are done by those of `helpers` that have time.
  Failure Run(int64_t prepared, const std::vector<TF_Tensor*>& inputs, std::vector<TensorPtr>* outputs,
              Helpers* helpers = nullptr) const;

  // Nothing else is to be prepared: TensorFlow drops what it keeps for that, copies of the graph.
  void Finalize();

 private:
  TF_Session* const session_;
  TF_Graph* const graph_;
  const bool spreads_;
  std::mutex mutex_;
  std::map<std::string, int64_t> prepared_;  // by the run's tensors
};

}  // namespace celsiusify
