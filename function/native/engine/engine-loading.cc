// Models from a folder to a number, and from one session to the next.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../overrides.h"
#include "engine.h"
#include "js-tensors.h"
#include "saved-model.h"
#include "shared-sessions.h"

namespace celsiusify {

napi_value Engine::ReadModel(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  struct Read {
    SavedModelInfo info;
    ReadError error = ReadError::kNone;
    std::string why;
  };
  auto read = std::make_shared<Read>();
  tasks_.Load(js::Uint32(env_, arguments[0]),
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
  const js::Arguments<6> arguments(env_, info);
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
  loading->kind.winograd = js::Bool(env_, arguments[5]);
  tasks_.Load(js::Uint32(env_, arguments[0]),
      [loading, shares = shares_] {
        const auto load = [&] { return LoadSavedModel(loading->folder, loading->kind, &loading->failure); };
        loading->session = shares ? SharedSessions::OfProcess().Load(loading->folder, load) : load();
      },
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

napi_value Engine::MakeReady(napi_callback_info info) {
  const js::Arguments<2> arguments(env_, info);
  auto model = std::make_shared<std::shared_ptr<Model>>(models_[js::Uint32(env_, arguments[1])]);
  tasks_.Load(
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

napi_value Engine::Shares(napi_callback_info info) {
  const js::Arguments<1> arguments(env_, info);
  return js::Boolean(env_, shares_ && SharedSessions::OfProcess().Has(js::String(env_, arguments[0])));
}

// On the pool, since the session before may end there: with large variables that takes a while.
napi_value Engine::Replace(napi_callback_info info) {
  const js::Arguments<3> arguments(env_, info);
  std::shared_ptr<Model> model = models_[js::Uint32(env_, arguments[1])];
  auto other = std::make_shared<std::shared_ptr<Model>>(models_.Take(js::Uint32(env_, arguments[2])));
  auto replaced = std::make_shared<bool>(false);
  tasks_.Load(js::Uint32(env_, arguments[0]),
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
  tasks_.Load(js::Uint32(env_, arguments[0]), [model] { model->reset(); }, [this] { return js::Undefined(env_); });
  return nullptr;
}

}  // namespace celsiusify
