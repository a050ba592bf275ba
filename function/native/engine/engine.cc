#include "engine.h"
// Nothing here is checked that engine.ts, the only caller, has as a type.

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <fstream>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../codec/lists.h"
#include "../freeze/freeze.h"
#include "../freeze/owned.h"
#include "../overrides.h"
#include "../pages.h"
#include "call.h"
#include "folder.h"
#include "graph-file.h"
#include "js.h"
#include "js-tensors.h"
#include "parts.h"
#include "pool.h"
#include "saved-model.h"
#include "signals.h"
#include "slots.h"

namespace celsiusify {
namespace {

double NanosecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

// How much loading gives way to runs: where all cores are busy, it gets a third of what a run gets.
constexpr int kLoadingNice = 5;
// Threads are made as they are needed. How many are needed is up to the callers; these are for the worst.
constexpr size_t kMostLoads = 256, kMostLooks = 256;

class Engine {
 public:
  static napi_value Create(napi_env env, napi_callback_info info);

 private:
  Engine(napi_env env, size_t threads, napi_value done, napi_value facts);
  static void StopPool(void* engine);
  static void Delete(napi_env env, void* engine, void*);

  // What `work` leaves for `deliver`, which makes the value that JavaScript is handed.
  using Deliver = std::function<napi_value()>;
  void Submit(uint32_t ticket, bool first, std::function<void()> work, Deliver deliver);
  // The same for what reads a Buffer, which is kept meanwhile.
  void SubmitReading(uint32_t ticket, napi_value buffer, std::function<void(const js::Bytes&)> read, Deliver deliver);
  // The same, for what makes and ends models, and for what asks a file system.
  void SubmitLoad(uint32_t ticket, std::function<void()> work, Deliver deliver);
  void SubmitLook(uint32_t ticket, std::function<void()> work, Deliver deliver);
  std::unique_ptr<Task> NewTask(uint32_t ticket, std::function<void()> work, Deliver deliver);
  void DeliverAll();
  void DeliverAll(Pool* pool);
  bool busy() const { return pool_->busy() + loading_->busy() + looking_->busy() > 0; }
  void Describe(const Call& call);
  napi_value Result(uint32_t id);
  std::unique_ptr<Call> NewCall(uint32_t model, int format);
  void End(std::unique_ptr<Call> call);

  napi_value LoadOpLibrary(napi_callback_info info);
  napi_value ReadModel(napi_callback_info info);
  napi_value Prepare(napi_callback_info info);
  napi_value Open(napi_callback_info info);
  napi_value AddField(napi_callback_info info);
  napi_value Freeze(napi_callback_info info);
  napi_value SaveFrozen(napi_callback_info info);
  napi_value Settle(napi_callback_info info);
  napi_value MakeReady(napi_callback_info info);
  napi_value ListFolder(napi_callback_info info);
  napi_value Replace(napi_callback_info info);
  napi_value Close(napi_callback_info info);
  napi_value Decode(napi_callback_info info);
  napi_value DecodeLater(napi_callback_info info);
  napi_value DecodeAndRunLater(napi_callback_info info);
  napi_value Create(napi_callback_info info);
  napi_value ReadLists(napi_callback_info info);
  napi_value ReadListsLater(napi_callback_info info);
  napi_value Answer(napi_callback_info info);
  napi_value Run(napi_callback_info info);
  napi_value RunLater(napi_callback_info info);
  napi_value Take(napi_callback_info info);
  napi_value Drop(napi_callback_info info);
  napi_value ReleasePages(napi_callback_info info);
  napi_value TrimHeap(napi_callback_info info);
  napi_value TrimTensors(napi_callback_info info);
  napi_value RegisterOperations(napi_callback_info info);
  napi_value Calls(napi_callback_info info);
  napi_value Leave(napi_callback_info info);

  const napi_env env_;
  napi_ref done_ = nullptr;
  napi_ref facts_ref_ = nullptr;
  double* facts_ = nullptr;  // where Describe tells
  napi_threadsafe_function wake_ = nullptr;
  napi_value delivered_ = nullptr;
  size_t outstanding_ = 0;  // tasks that were not delivered
  Slots<std::shared_ptr<Model>> models_;
  Slots<std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<Call>> spare_;  // ended, and used again with the memory that they have
  std::unique_ptr<Pool> pool_;     // runs
  std::unique_ptr<Pool> loading_;  // models: a file system that does not answer holds up no run
  std::unique_ptr<Pool> looking_;  // what lies in folders: nor does it hold up Node's own threads, or another folder
  Helpers* helpers_ = nullptr;     // pool_'s threads; null where TensorFlow has threads of its own for that
  bool stopped_ = false;
};

Engine::Engine(napi_env env, size_t threads, napi_value done, napi_value facts) : env_(env) {
  napi_create_reference(env, done, 1, &done_);
  napi_create_reference(env, facts, 1, &facts_ref_);
  void* memory = nullptr;
  napi_get_typedarray_info(env, facts, nullptr, nullptr, &memory, nullptr, nullptr);
  facts_ = static_cast<double*>(memory);
  napi_value name;
  napi_create_string_utf8(env, "celsiusify", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(
      env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
      [](napi_env env, napi_value, void* engine, void*) {
        if (env != nullptr) static_cast<Engine*>(engine)->DeliverAll();
      },
      &wake_);
  napi_unref_threadsafe_function(env, wake_);  // alone it keeps no process alive
  // Registered after the function, so called before Node closes it: no thread may call it then.
  napi_add_env_cleanup_hook(env, StopPool, this);
  const auto notify = [this] { napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking); };
  // One thread more than runs at once where all are long: for short runs beside them, and for bodies to be read.
  pool_ = std::make_unique<Pool>(threads, 1, 0, notify);
  // Threads of TensorFlow's own would inherit it from the first thread that loads, and run models with it.
  const int nice = UsesOwnThreads() ? 0 : kLoadingNice;
  loading_ = std::make_unique<Pool>(kMostLoads, 0, nice, notify);
  looking_ = std::make_unique<Pool>(kMostLooks, 0, 0, notify);
  if (HasOneIntraOpThread()) helpers_ = pool_.get();
}

void Engine::StopPool(void* data) {
  Engine* const engine = static_cast<Engine*>(data);
  // A run that never ends, or a file system that does not answer, cannot be waited for.
  for (std::unique_ptr<Pool>* pool : {&engine->pool_, &engine->loading_, &engine->looking_}) {
    if ((*pool)->busy() > 0) pool->release()->Abandon();
    else pool->reset();
  }
  engine->stopped_ = true;
}

void Engine::Delete(napi_env env, void* data, void*) {
  std::unique_ptr<Engine> engine(static_cast<Engine*>(data));
  if (!engine->stopped_) {  // it is garbage, and the environment lives on
    napi_remove_env_cleanup_hook(env, StopPool, engine.get());
    StopPool(engine.get());
    napi_release_threadsafe_function(engine->wake_, napi_tsfn_abort);
  }
  if (engine->outstanding_ > 0) engine.release();  // a thread left behind still uses models and calls
}

std::unique_ptr<Task> Engine::NewTask(uint32_t ticket, std::function<void()> work, Deliver deliver) {
  auto task = std::make_unique<Task>();
  task->ticket = ticket;
  task->work = std::move(work);
  task->deliver = [this, deliver = std::move(deliver)] { delivered_ = deliver(); };
  if (outstanding_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  return task;
}

void Engine::Submit(uint32_t ticket, bool first, std::function<void()> work, Deliver deliver) {
  pool_->Submit(NewTask(ticket, std::move(work), std::move(deliver)), first);
}

void Engine::SubmitReading(uint32_t ticket, napi_value buffer, std::function<void(const js::Bytes&)> read, Deliver deliver) {
  napi_ref kept;
  napi_create_reference(env_, buffer, 1, &kept);
  Submit(
      ticket, true, [read = std::move(read), bytes = js::Bytes(env_, buffer)] { read(bytes); },
      [this, kept, deliver = std::move(deliver)] {
        napi_delete_reference(env_, kept);
        return deliver();
      });
}

void Engine::SubmitLoad(uint32_t ticket, std::function<void()> work, Deliver deliver) {
  loading_->Submit(NewTask(ticket, std::move(work), std::move(deliver)), false);
}

void Engine::SubmitLook(uint32_t ticket, std::function<void()> work, Deliver deliver) {
  looking_->Submit(NewTask(ticket, std::move(work), std::move(deliver)), false);
}

void Engine::DeliverAll() {
  for (const std::unique_ptr<Pool>* pool : {&pool_, &loading_, &looking_})
    if (!stopped_) DeliverAll(pool->get());
}

void Engine::DeliverAll(Pool* pool) {
  for (std::unique_ptr<Task>& task : pool->TakeDone()) {
    if (--outstanding_ == 0) napi_unref_threadsafe_function(env_, wake_);
    napi_handle_scope scope;
    napi_open_handle_scope(env_, &scope);
    task->deliver();
    napi_value arguments[3] = {js::Number(env_, task->ticket), delivered_,
                               js::Number(env_, static_cast<double>(task->nanoseconds))};
    napi_value done, receiver, result;
    napi_get_reference_value(env_, done_, &done);
    napi_get_global(env_, &receiver);
    if (napi_call_function(env_, receiver, done, 3, arguments, &result) == napi_pending_exception) {
      napi_value error;
      napi_get_and_clear_last_exception(env_, &error);
      napi_fatal_exception(env_, error);
    }
    napi_close_handle_scope(env_, scope);
  }
}

// Libraries of operations bring copies of what TensorFlow is made of, such as protocol buffers, whose hash tables are read
// with the addresses of one library and were filled with those of another unless both find the same: TensorFlow's, which
// are therefore to be found by whoever is loaded from now on, as in Python.
void OfferTensorFlowsSymbols() {
  for (const char* name : {"libtensorflow_framework.so.2", "libtensorflow_cc.so.2"})
    dlopen(name, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

// It stays loaded, as its operations stay known, until the process ends.
napi_value Engine::LoadOpLibrary(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto failure = std::make_shared<Failure>();
  Submit(
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

napi_value Engine::ReadModel(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  struct Read {
    SavedModelInfo info;
    ReadError error = ReadError::kNone;
    std::string why;
  };
  auto read = std::make_shared<Read>();
  SubmitLoad(js::Uint32(env_, arguments[0]),
      [read, folder = js::String(env_, arguments[1])] { read->error = ReadSavedModel(folder, &read->info, &read->why); },
      [this, read]() -> napi_value {
        static const char* const kKinds[] = {"", "missing", "unreadable", "damaged", "untagged"};
        napi_value object;
        const auto text = [&](const char* name, const std::string& value) {
          napi_value string;
          napi_create_string_utf8(env_, value.data(), value.size(), &string);
          napi_set_named_property(env_, object, name, string);
        };
        if (read->error != ReadError::kNone) {
          object = js::Error(env_, {TF_UNKNOWN, read->why});
          text("file", read->info.file);
          text("kind", kKinds[static_cast<int>(read->error)]);
          return object;
        }
        napi_create_object(env_, &object);
        text("file", read->info.file);
        text("operations", read->info.operations);
        napi_set_named_property(env_, object, "savedModel", js::Buffer(env_, std::move(read->info.saved_model)));
        napi_set_named_property(env_, object, "reachable", js::Array(env_, read->info.reachable));
        napi_value equal;
        napi_create_array(env_, &equal);
        for (size_t i = 0; i < read->info.equal.size(); ++i)
          napi_set_element(env_, equal, i, js::Number(env_, static_cast<double>(read->info.equal[i])));
        napi_set_named_property(env_, object, "equal", equal);
        const auto number = [&](const char* name, uint64_t value) {
          napi_set_named_property(env_, object, name, js::Number(env_, static_cast<double>(value)));
        };
        number("graphBytes", read->info.graph_bytes);
        number("constantBytes", read->info.constant_bytes);
        number("variableBytes", read->info.variable_bytes);
        return object;
      });
  return nullptr;
}

// The session is offered to the binding's own loadSavedModel, which JavaScript calls when it is told.
napi_value Engine::Prepare(napi_callback_info info) {
  const js::Arguments<5> arguments(env_, info);
  struct Loading {
    std::string folder;
    SessionKind kind;
    std::shared_ptr<Session> session;
    Failure failure;
  };
  auto loading = std::make_shared<Loading>();
  loading->folder = js::String(env_, arguments[1]);
  loading->kind = {js::Bool(env_, arguments[2]), js::Bool(env_, arguments[3])};
  loading->kind.spread = js::Bool(env_, arguments[4]);
  SubmitLoad(js::Uint32(env_, arguments[0]),
      [loading] { loading->session = LoadSavedModel(loading->folder, loading->kind, &loading->failure); },
      [this, loading]() -> napi_value {
        if (loading->session == nullptr) return js::Error(env_, loading->failure);
        OfferSession(loading->folder, std::move(loading->session));
        return js::Undefined(env_);
      });
  return nullptr;
}

napi_value Engine::Open(napi_callback_info info) {
  const js::Arguments<1> arguments(env_, info);
  std::shared_ptr<Session> session = LastSession();
  if (session == nullptr) return js::Throw(env_, {TF_FAILED_PRECONDITION, "no model was loaded"});
  uint32_t count = 0;
  napi_get_array_length(env_, arguments[0], &count);
  std::vector<SignatureDef> definitions;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value one;
    napi_get_element(env_, arguments[0], i, &one);
    SignatureDef definition;
    definition.signature.name = js::String(env_, js::Get(env_, one, "name"));
    definition.signature.unsupported = js::String(env_, js::Get(env_, one, "unsupported"));
    definition.signature.no_classify = js::String(env_, js::Get(env_, one, "noClassify"));
    definition.signature.no_regress = js::String(env_, js::Get(env_, one, "noRegress"));
    const auto fields = [&](const char* role, std::vector<Field>* fields, std::vector<std::string>* tensors) {
      const napi_value infos = js::Get(env_, one, role);
      const std::vector<std::string> keys = js::Strings(env_, js::Get(env_, infos, "keys"));
      const std::vector<uint32_t> dtypes = js::Uint32s(env_, js::Get(env_, infos, "dtypes"));
      *tensors = js::Strings(env_, js::Get(env_, infos, "tensors"));
      for (size_t j = 0; j < keys.size(); ++j) fields->push_back({keys[j], static_cast<TF_DataType>(dtypes[j])});
    };
    fields("inputs", &definition.signature.inputs, &definition.inputs);
    fields("outputs", &definition.signature.outputs, &definition.outputs);
    if (!js::Defaults(env_, js::Get(env_, js::Get(env_, one, "inputs"), "defaults"), &definition.signature.inputs))
      return js::Throw(env_, {TF_INVALID_ARGUMENT, "open(signatures): a default does not fit its shape"});
    definitions.push_back(std::move(definition));
  }
  auto model = std::make_shared<Model>(std::move(session), std::move(definitions));
  std::vector<std::string> unsupported;
  for (const Signature& signature : model->signatures()) unsupported.push_back(signature.unsupported);
  napi_value opened;
  napi_create_object(env_, &opened);
  napi_set_named_property(env_, opened, "id", js::Number(env_, models_.Put(std::move(model))));
  napi_set_named_property(env_, opened, "unsupported", js::Array(env_, unsupported));
  return opened;
}

napi_value Engine::AddField(napi_callback_info info) {
  const js::Arguments<5> arguments(env_, info);
  Model& model = *models_[js::Uint32(env_, arguments[0])];
  model.fields.push_back({js::String(env_, arguments[2]), static_cast<int>(js::Uint32(env_, arguments[1])),
                          js::String(env_, arguments[3]), js::String(env_, arguments[4])});
  return js::Number(env_, static_cast<double>(kFields + model.fields.size() - 1));
}

napi_value Engine::Freeze(napi_callback_info info) {
  const js::Arguments<6> arguments(env_, info);
  struct Freezing {
    std::shared_ptr<Model> model, frozen;
    std::string folder, why_not;
    SessionKind kind;
    uint64_t available;
  };
  auto freezing = std::make_shared<Freezing>();
  freezing->model = models_[js::Uint32(env_, arguments[1])];
  freezing->folder = js::String(env_, arguments[2]);
  freezing->kind = {js::Bool(env_, arguments[3]), js::Bool(env_, arguments[4]), true};
  const double available = js::Double(env_, arguments[5]);
  freezing->available = available < 1e18 ? static_cast<uint64_t>(available) : UINT64_MAX;
  SubmitLoad(js::Uint32(env_, arguments[0]),
      [freezing] {
        const GraphFile file(freezing->folder);
        if (file.failure().code != TF_OK) {
          freezing->why_not = file.name() + " cannot be read any more: " + file.failure().message;
          return;
        }
        const std::shared_ptr<Session> session = freezing->model->session();
        Loaded loaded{session->get(), session->graph(), file.bytes()};
        loaded.folder = freezing->folder;
        loaded.spreads = session->spreads();
        loaded.runs = freezing->model->runs();
        std::shared_ptr<Session> frozen;
        TF_SessionOptions* const options = NewSessionOptions(freezing->kind);
        if (celsiusify::Freeze(loaded, options, freezing->available, &frozen, &freezing->why_not))
          freezing->frozen = std::make_shared<Model>(*freezing->model, std::move(frozen));
        TF_DeleteSessionOptions(options);
        freezing->model.reset();
      },
      [this, freezing]() -> napi_value {
        if (freezing->frozen == nullptr) return js::Error(env_, {TF_FAILED_PRECONDITION, freezing->why_not});
        return js::Number(env_, models_.Put(std::move(freezing->frozen)));
      });
  return nullptr;
}

napi_value Engine::SaveFrozen(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  struct Saving {
    std::shared_ptr<Model> model;
    std::string folder, file, why_not;
  };
  auto saving = std::make_shared<Saving>();
  saving->model = models_[js::Uint32(env_, arguments[1])];
  saving->folder = js::String(env_, arguments[2]);
  saving->file = js::String(env_, arguments[3]);
  SubmitLoad(js::Uint32(env_, arguments[0]),
      [saving] {
        const GraphFile file(saving->folder);
        const std::shared_ptr<Session> session = saving->model->session();
        Loaded loaded{session->get(), session->graph(), file.bytes()};
        loaded.folder = saving->folder;
        loaded.runs = saving->model->runs();
        std::string frozen;
        if (!FreezeToSavedModel(loaded, &frozen, &saving->why_not)) return;
        std::ofstream out(saving->file, std::ios::binary);
        if (!out.write(frozen.data(), static_cast<std::streamsize>(frozen.size())).flush())
          saving->why_not = saving->file + " cannot be written";
      },
      [this, saving]() -> napi_value {
        if (!saving->why_not.empty()) return js::Error(env_, {TF_FAILED_PRECONDITION, saving->why_not});
        return js::Undefined(env_);
      });
  return nullptr;
}

napi_value Engine::Settle(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto model = std::make_shared<std::shared_ptr<Model>>(models_[js::Uint32(env_, arguments[1])]);
  auto why_not = std::make_shared<std::string>();
  SubmitLoad(js::Uint32(env_, arguments[0]),
      [model, why_not] {
        const std::shared_ptr<Session> session = (*model)->session();
        celsiusify::Settle(session.get(), (*model)->runs(), why_not.get());
        model->reset();
      },
      [this, why_not]() -> napi_value {
        if (!why_not->empty()) return js::Error(env_, {TF_FAILED_PRECONDITION, *why_not});
        return js::Undefined(env_);
      });
  return nullptr;
}

napi_value Engine::MakeReady(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto model = std::make_shared<std::shared_ptr<Model>>(models_[js::Uint32(env_, arguments[1])]);
  SubmitLoad(
      js::Uint32(env_, arguments[0]),
      [model] {
        const std::shared_ptr<Session> session = (*model)->session();
        for (const Endpoints& run : (*model)->runs()) {
          int64_t prepared;
          session->Prepare(run, &prepared);  // what is wrong with it, its first run says
        }
        model->reset();
      },
      [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::ListFolder(napi_callback_info info) {
  const js::Arguments<3> arguments(env_, info);
  auto listing = std::make_shared<Listing>();
  SubmitLook(
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

// On the pool, since the session before may end there: with large variables that takes a while.
napi_value Engine::Replace(napi_callback_info info) {
  const js::Arguments<3> arguments(env_, info);
  std::shared_ptr<Model> model = models_[js::Uint32(env_, arguments[1])];
  auto other = std::make_shared<std::shared_ptr<Model>>(models_.Take(js::Uint32(env_, arguments[2])));
  auto replaced = std::make_shared<bool>(false);
  SubmitLoad(js::Uint32(env_, arguments[0]),
      [model, other, replaced] {
        *replaced = model->Replace((*other)->session());
        other->reset();
      },
      [this, replaced] { return js::Boolean(env_, *replaced); });
  return nullptr;
}

// The session ends on a thread of the pool: with large variables that takes a while.
napi_value Engine::Close(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto model = std::make_shared<std::shared_ptr<Model>>(models_.Take(js::Uint32(env_, arguments[1])));
  SubmitLoad(js::Uint32(env_, arguments[0]), [model] { model->reset(); }, [this] { return js::Undefined(env_); });
  return nullptr;
}

void Engine::Describe(const Call& call) {
  facts_[0] = call.signature;
  facts_[1] = static_cast<double>(call.rows);
  facts_[2] = static_cast<double>(call.key);
  facts_[3] = static_cast<double>(call.bytes);
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
  SubmitReading(
      js::Uint32(env_, arguments[0]), arguments[3], [call](const js::Bytes& body) { (*call)->Decode(body.data, body.size); },
      [this, call]() -> napi_value {
        if ((*call)->failure.code != TF_OK) return js::Error(env_, (*call)->failure);
        Describe(**call);
        return js::Number(env_, calls_.Put(std::move(*call)));
      });
  return nullptr;
}

// One hand-over in place of two: the event loop is woken when there is an answer.
napi_value Engine::DecodeAndRunLater(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  struct Answering {
    std::unique_ptr<Call> call;
    bool read = false;
    double running = 0, printing = 0;
  };
  auto answering = std::make_shared<Answering>();
  answering->call = NewCall(js::Uint32(env_, arguments[1]), static_cast<int>(js::Uint32(env_, arguments[2])));
  SubmitReading(
      js::Uint32(env_, arguments[0]), arguments[3],
      [answering, helpers = helpers_](const js::Bytes& body) {
        Call& call = *answering->call;
        answering->read = call.Decode(body.data, body.size);
        if (!answering->read) return;
        const auto start = std::chrono::steady_clock::now();
        if (call.Run(helpers)) {
          const auto ran = std::chrono::steady_clock::now();
          call.Encode();
          answering->printing = NanosecondsSince(ran);
        }
        answering->running = NanosecondsSince(start);
      },
      [this, answering]() -> napi_value {
        if (!answering->read) return js::Error(env_, answering->call->failure);
        Describe(*answering->call);
        facts_[4] = answering->running;
        facts_[5] = answering->printing;
        facts_[6] = 0;
        return js::Number(env_, calls_.Put(std::move(answering->call)));
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

namespace {

// What ReadDataLists gave, and whether that was all.
struct ListsOf {
  Lists lists;
  ListsRead read = ListsRead::kOther;
  Failure failure{TF_INVALID_ARGUMENT, {}};

  void Read(const js::Bytes& body) {
    try {
      read = ReadDataLists(body.data, body.size, &lists, &failure.message);
    } catch (const std::bad_alloc&) {
      read = ListsRead::kNoJson;
      failure = {TF_RESOURCE_EXHAUSTED, "there is not enough memory for this request"};
    }
  }

  // `{ around: Buffer, lists: Buffer[] }`, or undefined.
  napi_value Value(napi_env env) {
    if (read != ListsRead::kRead) return js::Undefined(env);
    napi_value object, array;
    napi_create_object(env, &object);
    napi_create_array_with_length(env, lists.elements.size(), &array);
    for (size_t i = 0; i < lists.elements.size(); ++i) {
      const size_t size = lists.elements[i].size();
      napi_set_element(env, array, static_cast<uint32_t>(i), js::Buffer(env, lists.elements[i].Release(), size));
    }
    napi_set_named_property(env, object, "around", js::Buffer(env, std::move(lists.around)));
    napi_set_named_property(env, object, "lists", array);
    return object;
  }
};

}  // namespace

napi_value Engine::ReadLists(napi_callback_info info) {
  const js::Arguments<1> arguments(env_, info);
  ListsOf lists;
  lists.Read(js::Bytes(env_, arguments[0]));
  return lists.Value(env_);
}

napi_value Engine::ReadListsLater(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto lists = std::make_shared<ListsOf>();
  SubmitReading(
      js::Uint32(env_, arguments[0]), arguments[1], [lists](const js::Bytes& body) { lists->Read(body); },
      [this, lists]() -> napi_value {
        return lists->read == ListsRead::kNoJson ? js::Error(env_, lists->failure) : lists->Value(env_);
      });
  return nullptr;
}

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

napi_value Engine::Answer(napi_callback_info info) {
  const uint32_t id = js::Uint32(env_, js::Arguments<1>(env_, info)[0]);
  Call& call = *calls_[id];
  const auto start = std::chrono::steady_clock::now();
  if (call.Run()) call.Encode();
  facts_[4] = NanosecondsSince(start);
  return Result(id);
}

napi_value Engine::Run(napi_callback_info info) {
  const std::vector<uint32_t> ids = js::Uint32s(env_, js::Arguments<1>(env_, info)[0]);
  std::vector<Call*> calls;
  int64_t rows = 0;
  for (uint32_t id : ids) {
    calls.push_back(calls_[id].get());
    rows += calls.back()->rows;
  }
  const auto start = std::chrono::steady_clock::now();
  const bool good = RunTogether(calls, rows);
  if (good)
    for (Call* call : calls) call->Encode();
  facts_[4] = NanosecondsSince(start);
  return js::Boolean(env_, good);
}

napi_value Engine::RunLater(napi_callback_info info) {
  const js::Arguments<4> arguments(env_, info);
  std::vector<Call*> calls;
  int64_t rows = 0;
  for (uint32_t id : js::Uint32s(env_, arguments[1])) {
    calls.push_back(calls_[id].get());
    rows += calls.back()->rows;
  }
  rows = std::max<int64_t>(rows, js::Uint32(env_, arguments[2]));
  struct Took {
    double printing = 0, longest_part = 0;
  };
  auto took = std::make_shared<Took>();
  Submit(
      js::Uint32(env_, arguments[0]), false,
      [calls = std::move(calls), rows, parts = static_cast<int>(js::Uint32(env_, arguments[3])), took, helpers = helpers_] {
        const bool several = (calls.size() > 1 || rows > calls[0]->rows) && calls[0]->rows > 0;
        const bool done = several ? RunTogether(calls, rows, helpers)
                                  : RunInParts(calls[0], parts, helpers, &took->longest_part);
        for (Call* call : calls) {
          if (!done && !call->Run(helpers)) continue;
          const auto start = std::chrono::steady_clock::now();
          call->Encode();
          took->printing += NanosecondsSince(start);
        }
      },
      [this, took] {
        facts_[5] = took->printing;
        facts_[6] = took->longest_part;
        return js::Undefined(env_);
      });
  return nullptr;
}

napi_value Engine::Take(napi_callback_info info) { return Result(js::Uint32(env_, js::Arguments<1>(env_, info)[0])); }

napi_value Engine::Drop(napi_callback_info info) {
  End(calls_.Take(js::Uint32(env_, js::Arguments<1>(env_, info)[0])));
  return nullptr;
}

napi_value Engine::ReleasePages(napi_callback_info info) {
  Submit(js::Uint32(env_, js::Arguments<1>(env_, info)[0]), true, celsiusify::ReleasePages,
         [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::TrimTensors(napi_callback_info info) {
  SubmitLoad(js::Uint32(env_, js::Arguments<1>(env_, info)[0]), celsiusify::TrimTensors,
             [this] { return js::Undefined(env_); });
  return nullptr;
}

// TensorFlow keeps what its libraries register until an operation is first looked up, which a graph does.
napi_value Engine::RegisterOperations(napi_callback_info info) {
  SubmitLoad(
      js::Uint32(env_, js::Arguments<1>(env_, info)[0]), [] { TF_DeleteGraph(TF_NewGraph()); },
      [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::TrimHeap(napi_callback_info info) {
  Submit(js::Uint32(env_, js::Arguments<1>(env_, info)[0]), true, celsiusify::TrimHeap,
         [this] { return js::Undefined(env_); });
  return nullptr;
}

napi_value Engine::Calls(napi_callback_info) { return js::Number(env_, static_cast<double>(calls_.size())); }

// exit() would wait for the threads, and run destructors under their feet. It waits for Node's own threads, too, one of
// which may ask a file system that does not answer: then it has so long.
napi_value Engine::Leave(napi_callback_info info) {
  constexpr std::chrono::seconds kPatience{2};
  const int code = static_cast<int>(js::Uint32(env_, js::Arguments<1>(env_, info)[0]));
  if (busy()) _exit(code);
  std::thread([code, kPatience] {
    std::this_thread::sleep_for(kPatience);
    _exit(code);
  }).detach();
  return nullptr;
}

napi_value Engine::Create(napi_env env, napi_callback_info info) {
  const js::Arguments<3> arguments(env, info);
  // Runs in place happen on this thread.
  StartSignalThread();
  BlockSignals();
  auto* const engine = new Engine(env, js::Uint32(env, arguments[0]), arguments[1], arguments[2]);
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

}  // namespace

void AddEngine(napi_env env, napi_value exports) {
  js::Function(env, exports, "createEngine", Engine::Create);
}

}  // namespace celsiusify
