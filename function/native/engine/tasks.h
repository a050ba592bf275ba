// What the engine's threads do for JavaScript: work on one of them, then a value for the event loop.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "js.h"
#include "pool.h"

namespace celsiusify {

class Tasks {
 public:
  // What `work` leaves for `deliver`, which makes the value that JavaScript is handed, on the event loop.
  using Deliver = std::function<napi_value()>;

  // `done` is called with a task's ticket, its value, and what its work took in ns.
  Tasks(napi_env env, size_t threads, napi_value done);
  // When JavaScript has no use for it any more: stops the threads. False: one is left behind, and still uses this and what
  // tasks were made with.
  bool End();

  void Run(uint32_t ticket, bool first, std::function<void()> work, Deliver deliver);
  // The same for what reads a Buffer, which is kept meanwhile.
  void Read(uint32_t ticket, napi_value buffer, std::function<void(const js::Bytes&)> read, Deliver deliver);
  // The same, for what makes and ends models, and for what asks a file system.
  void Load(uint32_t ticket, std::function<void()> work, Deliver deliver);
  void Look(uint32_t ticket, std::function<void()> work, Deliver deliver);

  bool busy() const { return running_->busy() + loading_->busy() + looking_->busy() > 0; }
  // The threads of runs; null where TensorFlow has threads of its own for parts of them.
  Helpers* helpers() const { return helpers_; }

 private:
  static void Stop(void* tasks);
  std::unique_ptr<Task> New(uint32_t ticket, std::function<void()> work, Deliver deliver);
  void DeliverAll();
  void DeliverAll(Pool* pool);

  const napi_env env_;
  napi_ref done_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  napi_value delivered_ = nullptr;
  size_t outstanding_ = 0;         // tasks that were not delivered
  std::unique_ptr<Pool> running_;
  std::unique_ptr<Pool> loading_;  // models: a file system that does not answer holds up no run
  std::unique_ptr<Pool> looking_;  // what lies in folders: nor does it hold up Node's own threads, or another folder
  Helpers* helpers_ = nullptr;
  bool stopped_ = false;
};

}  // namespace celsiusify
