// Calls from bytes or tensors to a number, and from there to what they gave.
#include <memory>
#include <utility>

#include "engine.h"
#include "js-tensors.h"

namespace celsiusify {

std::unique_ptr<Call> Engine::NewCall(uint32_t model, int format) {
  std::unique_ptr<Call> call;
  if (spare_.empty()) {
    call = std::make_unique<Call>();
  } else {
    call = std::move(spare_.back());
    spare_.pop_back();
  }
  call->model = models_[model];
  call->format = format;
  return call;
}

void Engine::End(std::unique_ptr<Call> call) {
  constexpr size_t kSpare = 256, kTextKept = 4096;
  if (spare_.size() == kSpare || call->text.capacity() > kTextKept) return;
  call->Reset();
  spare_.push_back(std::move(call));
}

void Engine::Describe(const Call& call) {
  facts_[0] = call.signature;
  facts_[1] = static_cast<double>(call.rows);
  facts_[2] = static_cast<double>(call.key);
  facts_[3] = static_cast<double>(call.bytes);
}

void Engine::Describe(const Took& took) {
  facts_[4] = took.running;
  facts_[5] = took.printing;
  facts_[6] = took.longest_part;
}

napi_value Engine::Decode(napi_callback_info info) {
  const js::Arguments<3> arguments(env_, info);
  const js::Bytes body(env_, arguments[2]);
  std::unique_ptr<Call> call =
      NewCall(js::Uint32(env_, arguments[0]), static_cast<int>(js::Uint32(env_, arguments[1])));
  if (!call->Decode(body.data, body.size)) return js::Throw(env_, call->failure);
  Describe(*call);
  return js::Number(env_, calls_.Put(std::move(call)));
}

napi_value Engine::DecodeLater(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  auto call = std::make_shared<std::unique_ptr<Call>>(
      NewCall(js::Uint32(env_, arguments[1]), static_cast<int>(js::Uint32(env_, arguments[2]))));
  tasks_.Read(
      js::Uint32(env_, arguments[0]), arguments[3], [call](const js::Bytes& body) { (*call)->Decode(body.data, body.size); },
      [this, call]() -> napi_value {
        if ((*call)->failure.code != TF_OK) return js::Error(env_, (*call)->failure);
        Describe(**call);
        return js::Number(env_, calls_.Put(std::move(*call)));
      });
  return nullptr;
}

napi_value Engine::Create(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  std::unique_ptr<Call> call = NewCall(js::Uint32(env_, arguments[0]), kTensors);
  call->printed = js::Uint32s(env_, arguments[3]);
  call->signature = static_cast<int>(js::Uint32(env_, arguments[1]));
  if (!js::Tensors(env_, arguments[2], call->model->signatures()[call->signature].inputs, &call->inputs))
    return js::Throw(env_, {TF_INVALID_ARGUMENT, "create(model, signature, tensors): a tensor's data does not fit its shape"});
  call->Measure();
  Describe(*call);
  return js::Number(env_, calls_.Put(std::move(call)));
}

napi_value Engine::Take(napi_callback_info info) { return Result(js::Uint32(env_, js::Arguments<1>(env_, info)[0])); }

napi_value Engine::Drop(napi_callback_info info) {
  End(calls_.Take(js::Uint32(env_, js::Arguments<1>(env_, info)[0])));
  return nullptr;
}

napi_value Engine::Calls(napi_callback_info) { return js::Number(env_, static_cast<double>(calls_.size())); }

// What a call gave that was run and written, its text or its tensors; it ends here.
napi_value Engine::Result(uint32_t id) {
  std::unique_ptr<Call> call = calls_.Take(id);
  napi_value result;
  if (call->failure.code != TF_OK) result = js::Throw(env_, call->failure);
  else if (call->format == kTensors) result = js::FromTensors(env_, call->outputs, std::move(call->lists));
  else result = js::TextOrBuffer(env_, std::move(call->text));
  End(std::move(call));
  return result;
}

}  // namespace celsiusify
