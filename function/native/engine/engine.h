// The engine as JavaScript sees it: models and calls by number, and threads that work on them. Nothing here is checked that
// engine.ts, the only caller, has as a type.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "call.h"
#include "js.h"
#include "model.h"
#include "slots.h"
#include "tasks.h"

namespace celsiusify {

// Adds createEngine, which native/engine.ts describes.
void AddEngine(napi_env env, napi_value exports);

// What runs took, in ns.
struct Took {
  double running = 0;       // with the writing of their answers
  double printing = 0;      // that writing
  double longest_part = 0;  // of a call that was run in parts
};

class Engine {
 public:
  // createEngine(threads, done, facts, shares)
  static napi_value Create(napi_env env, napi_callback_info info);

 private:
  Engine(napi_env env, size_t threads, napi_value done, napi_value facts, bool shares);
  static void Delete(napi_env env, void* engine, void*);

  // engine.cc: the process and its surroundings.
  napi_value LoadOpLibrary(napi_callback_info info);
  napi_value RegisterOperations(napi_callback_info info);
  napi_value ListFolder(napi_callback_info info);
  napi_value ReleasePages(napi_callback_info info);
  napi_value TrimHeap(napi_callback_info info);
  napi_value TrimTensors(napi_callback_info info);
  napi_value Leave(napi_callback_info info);

  // engine-loading.cc
  napi_value ReadModel(napi_callback_info info);
  napi_value Prepare(napi_callback_info info);
  napi_value Open(napi_callback_info info);
  napi_value AddField(napi_callback_info info);
  napi_value MakeReady(napi_callback_info info);
  napi_value Shares(napi_callback_info info);
  napi_value Replace(napi_callback_info info);
  napi_value Close(napi_callback_info info);

  // engine-freezing.cc
  napi_value Freeze(napi_callback_info info);
  napi_value SaveFrozen(napi_callback_info info);
  napi_value Settle(napi_callback_info info);

  // engine-calls.cc
  napi_value Decode(napi_callback_info info);
  napi_value DecodeLater(napi_callback_info info);
  napi_value Create(napi_callback_info info);
  napi_value Take(napi_callback_info info);
  napi_value Drop(napi_callback_info info);
  napi_value Calls(napi_callback_info info);
  std::unique_ptr<Call> NewCall(uint32_t model, int format);
  void End(std::unique_ptr<Call> call);
  napi_value Result(uint32_t id);
  // Tell JavaScript, in the array of numbers that it made the engine with, whose order engine.ts has.
  void Describe(const Call& call);
  void Describe(const Took& took);

  // engine-runs.cc
  napi_value Answer(napi_callback_info info);
  napi_value Run(napi_callback_info info);
  napi_value RunLater(napi_callback_info info);
  napi_value DecodeAndRunLater(napi_callback_info info);

  // engine-lists.cc
  napi_value ReadLists(napi_callback_info info);
  napi_value ReadListsLater(napi_callback_info info);

  const napi_env env_;
  const bool shares_;  // models, with other engines of the process: see SharedSessions
  Tasks tasks_;
  napi_ref facts_ref_ = nullptr;
  double* facts_ = nullptr;  // where Describe tells
  Slots<std::shared_ptr<Model>> models_;
  Slots<std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<Call>> spare_;  // ended, and used again with the memory that they have
};

}  // namespace celsiusify
