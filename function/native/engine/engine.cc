#include "engine.h"

#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "../freeze/owned.h"
#include "../pages.h"
#include "../winograd/plugin.h"
#include "folder.h"
#include "signals.h"

namespace celsiusify {
namespace {

// Libraries of operations bring copies of what TensorFlow is made of, such as protocol buffers, whose hash tables are read
// with the addresses of one library and were filled with those of another unless both find the same: TensorFlow's, which
// are therefore to be found by whoever is loaded from now on, as in Python.
void OfferTensorFlowsSymbols() {
  for (const char* name : {"libtensorflow_framework.so.2", "libtensorflow_cc.so.2"})
    dlopen(name, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

}  // namespace

Engine::Engine(napi_env env, size_t threads, napi_value done, napi_value facts, bool shares)
    : env_(env), shares_(shares), tasks_(env, threads, done) {
  napi_create_reference(env, facts, 1, &facts_ref_);
  void* memory = nullptr;
  napi_get_typedarray_info(env, facts, nullptr, nullptr, &memory, nullptr, nullptr);
  facts_ = static_cast<double*>(memory);
}

void Engine::Delete(napi_env, void* data, void*) {
  std::unique_ptr<Engine> engine(static_cast<Engine*>(data));
  if (!engine->tasks_.End()) engine.release();
}

// It stays loaded, as its operations stay known, until the process ends.
napi_value Engine::LoadOpLibrary(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto failure = std::make_shared<Failure>();
  tasks_.Run(
      js::Uint32(env_, arguments[0]), true,
      [failure, file = js::String(env_, arguments[1])] {
        OfferTensorFlowsSymbols();
        const Owned<TF_Status> status(TF_NewStatus(), TF_DeleteStatus);
        TF_DeleteLibraryHandle(TF_LoadLibrary(file.c_str(), status.get()));
        *failure = {TF_GetCode(status.get()), TF_Message(status.get())};
      },
      [this, failure] { return failure->code == TF_OK ? js::Undefined(env_) : js::Error(env_, *failure); });
  return nullptr;
}

// TensorFlow keeps what its libraries register until an operation is first looked up, which a graph does.
napi_value Engine::RegisterOperations(napi_callback_info info) {
  tasks_.Load(
      js::Uint32(env_, js::Arguments<1>(env_, info)[0]), [] { TF_DeleteGraph(TF_NewGraph()); },
      [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::ListFolder(napi_callback_info info) {
  const js::Arguments<3> arguments(env_, info);
  auto listing = std::make_shared<Listing>();
  tasks_.Look(
      js::Uint32(env_, arguments[0]),
      [listing, folder = js::String(env_, arguments[1]), deep = js::Bool(env_, arguments[2])] {
        *listing = celsiusify::ListFolder(folder, deep);
      },
      [this, listing]() -> napi_value {
        if (listing->error != 0) return js::Number(env_, listing->error);
        napi_value text;
        napi_create_string_utf8(env_, listing->text.data(), listing->text.size(), &text);
        return text;
      });
  return nullptr;
}

napi_value Engine::ReleasePages(napi_callback_info info) {
  tasks_.Run(js::Uint32(env_, js::Arguments<1>(env_, info)[0]), true, celsiusify::ReleasePages,
         [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::TrimHeap(napi_callback_info info) {
  tasks_.Run(js::Uint32(env_, js::Arguments<1>(env_, info)[0]), true, celsiusify::TrimHeap,
         [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::TrimTensors(napi_callback_info info) {
  tasks_.Load(js::Uint32(env_, js::Arguments<1>(env_, info)[0]), celsiusify::TrimTensors,
             [this] { return js::Undefined(env_); });
  return nullptr;
}

// exit() would wait for the threads, and run destructors under their feet. It waits for Node's own threads, too, one of
// which may ask a file system that does not answer: then it has so long.
napi_value Engine::Leave(napi_callback_info info) {
  constexpr std::chrono::seconds kPatience{2};
  const int code = static_cast<int>(js::Uint32(env_, js::Arguments<1>(env_, info)[0]));
  if (tasks_.busy()) _exit(code);
  std::thread([code, kPatience] {
    std::this_thread::sleep_for(kPatience);
    _exit(code);
  }).detach();
  return nullptr;
}

napi_value Engine::Create(napi_env env, napi_callback_info info) {
  const js::Arguments<4> arguments(env, info);
  // Runs in place happen on this thread.
  StartSignalThread();
  BlockSignals();
  auto* const engine = new Engine(env, js::Uint32(env, arguments[0]), arguments[1], arguments[2],
                                    js::Bool(env, arguments[3]));
  napi_value object;
  napi_create_object(env, &object);
  js::Method<Engine, &Engine::LoadOpLibrary>(env, object, "loadOpLibrary", engine);
  js::Method<Engine, &Engine::ReadModel>(env, object, "readModel", engine);
  js::Method<Engine, &Engine::Prepare>(env, object, "prepare", engine);
  js::Method<Engine, &Engine::Open>(env, object, "open", engine);
  js::Method<Engine, &Engine::AddField>(env, object, "addField", engine);
  js::Method<Engine, &Engine::Freeze>(env, object, "freeze", engine);
  js::Method<Engine, &Engine::SaveFrozen>(env, object, "saveFrozen", engine);
  js::Method<Engine, &Engine::Settle>(env, object, "settle", engine);
  js::Method<Engine, &Engine::MakeReady>(env, object, "makeReady", engine);
  js::Method<Engine, &Engine::Shares>(env, object, "shares", engine);
  js::Method<Engine, &Engine::ListFolder>(env, object, "listFolder", engine);
  js::Method<Engine, &Engine::Replace>(env, object, "replace", engine);
  js::Method<Engine, &Engine::Close>(env, object, "close", engine);
  js::Method<Engine, &Engine::Decode>(env, object, "decode", engine);
  js::Method<Engine, &Engine::DecodeLater>(env, object, "decodeLater", engine);
  js::Method<Engine, &Engine::DecodeAndRunLater>(env, object, "decodeAndRunLater", engine);
  js::Method<Engine, &Engine::Create>(env, object, "create", engine);
  js::Method<Engine, &Engine::ReadLists>(env, object, "readLists", engine);
  js::Method<Engine, &Engine::ReadListsLater>(env, object, "readListsLater", engine);
  js::Method<Engine, &Engine::Answer>(env, object, "answer", engine);
  js::Method<Engine, &Engine::Run>(env, object, "run", engine);
  js::Method<Engine, &Engine::RunLater>(env, object, "runLater", engine);
  js::Method<Engine, &Engine::Take>(env, object, "take", engine);
  js::Method<Engine, &Engine::Drop>(env, object, "drop", engine);
  js::Method<Engine, &Engine::ReleasePages>(env, object, "releasePages", engine);
  js::Method<Engine, &Engine::TrimHeap>(env, object, "trimHeap", engine);
  js::Method<Engine, &Engine::TrimTensors>(env, object, "trimTensors", engine);
  js::Method<Engine, &Engine::RegisterOperations>(env, object, "registerOperations", engine);
  js::Method<Engine, &Engine::Calls>(env, object, "calls", engine);
  js::Method<Engine, &Engine::Leave>(env, object, "leave", engine);
  napi_wrap(env, object, engine, Delete, nullptr, nullptr);
  return object;
}

void AddEngine(napi_env env, napi_value exports) {
  winograd::RegisterPlugin();  // before there is a session
  js::Function(env, exports, "createEngine", Engine::Create);
}

}  // namespace celsiusify
