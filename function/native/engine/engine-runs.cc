// Runs of calls, in the calling thread or on the pool, and what they took.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine.h"
#include "parts.h"
#include "stopwatch.h"

namespace celsiusify {
namespace {

// Writes a call's answer; one that was not `run` with others or in parts is run alone first.
void Finish(Call* call, bool run, Helpers* helpers, Took* took) {
  if (!run && !call->Run(helpers)) return;
  const Stopwatch printing(&took->printing);
  call->Encode();
}

// The calls of an array of numbers, and their rows.
std::vector<Call*> Find(Slots<std::unique_ptr<Call>>* calls, const std::vector<uint32_t>& ids, int64_t* rows) {
  std::vector<Call*> found;
  for (uint32_t id : ids) {
    found.push_back((*calls)[id].get());
    *rows += found.back()->rows;
  }
  return found;
}

}  // namespace

napi_value Engine::Answer(napi_callback_info info) {
  const uint32_t id = js::Uint32(env_, js::Arguments<1>(env_, info)[0]);
  Took took;
  {
    const Stopwatch running(&took.running);
    Finish(calls_[id].get(), false, nullptr, &took);
  }
  Describe(took);
  return Result(id);
}

napi_value Engine::Run(napi_callback_info info) {
  int64_t rows = 0;
  const std::vector<Call*> calls = Find(&calls_, js::Uint32s(env_, js::Arguments<1>(env_, info)[0]), &rows);
  Took took;
  bool good;
  {
    const Stopwatch running(&took.running);
    good = RunTogether(calls, rows);
    if (good)
      for (Call* call : calls) Finish(call, true, nullptr, &took);
  }
  Describe(took);
  return js::Boolean(env_, good);
}

napi_value Engine::RunLater(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  int64_t rows = 0;
  std::vector<Call*> calls = Find(&calls_, js::Uint32s(env_, arguments[1]), &rows);
  rows = std::max<int64_t>(rows, js::Uint32(env_, arguments[2]));
  auto took = std::make_shared<Took>();
  tasks_.Run(
      js::Uint32(env_, arguments[0]), false,
      [calls = std::move(calls), rows, parts = static_cast<int>(js::Uint32(env_, arguments[3])), took,
       helpers = tasks_.helpers()] {
        const Stopwatch running(&took->running);
        const bool several = (calls.size() > 1 || rows > calls[0]->rows) && calls[0]->rows > 0;
        const bool done = several ? RunTogether(calls, rows, helpers)
                                  : RunInParts(calls[0], parts, helpers, &took->longest_part);
        for (Call* call : calls) Finish(call, done, helpers, took.get());
      },
      [this, took] {
        Describe(*took);
        return js::Undefined(env_);
      });
  return nullptr;
}

// One hand-over in place of two: the event loop is woken when there is an answer.
napi_value Engine::DecodeAndRunLater(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  struct Answering {
    std::unique_ptr<Call> call;
    bool read = false;
    Took took;
  };
  auto answering = std::make_shared<Answering>();
  answering->call = NewCall(js::Uint32(env_, arguments[1]), static_cast<int>(js::Uint32(env_, arguments[2])));
  tasks_.Read(
      js::Uint32(env_, arguments[0]), arguments[3],
      [answering, helpers = tasks_.helpers()](const js::Bytes& body) {
        Call* const call = answering->call.get();
        answering->read = call->Decode(body.data, body.size);
        if (!answering->read) return;
        const Stopwatch running(&answering->took.running);
        Finish(call, false, helpers, &answering->took);
      },
      [this, answering]() -> napi_value {
        if (!answering->read) return js::Error(env_, answering->call->failure);
        Describe(*answering->call);
        Describe(answering->took);
        return js::Number(env_, calls_.Put(std::move(answering->call)));
      });
  return nullptr;
}

}  // namespace celsiusify
