// Models whose variables become constants: in memory, or as a file.
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "../freeze/freeze.h"
#include "../overrides.h"
#include "../winograd/plugin.h"
#include "engine.h"
#include "graph-file.h"
#include "shared-sessions.h"

namespace celsiusify {

napi_value Engine::Freeze(napi_callback_info info) {
  const js::Arguments<7> arguments(env_, info);
  struct Freezing {
    std::shared_ptr<Model> model, frozen;
    std::string folder, why_not;
    SessionKind kind;
    uint64_t available;
    int convolutions = 0;
  };
  auto freezing = std::make_shared<Freezing>();
  freezing->model = models_[js::Uint32(env_, arguments[1])];
  freezing->folder = js::String(env_, arguments[2]);
  freezing->kind = {js::Bool(env_, arguments[3]), js::Bool(env_, arguments[4]), true};
  freezing->kind.winograd = js::Bool(env_, arguments[5]);
  const double available = js::Double(env_, arguments[6]);
  freezing->available = available < 1e18 ? static_cast<uint64_t>(available) : UINT64_MAX;
  tasks_.Load(js::Uint32(env_, arguments[0]),
      [freezing, shares = shares_] {
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
        const auto freeze = [&] {
          FrozenSession frozen;
          winograd::Count convolutions;
          TF_SessionOptions* const options = NewSessionOptions(freezing->kind);
          celsiusify::Freeze(loaded, options, freezing->available, &frozen.session, &freezing->why_not);
          TF_DeleteSessionOptions(options);
          frozen.convolutions = convolutions.count();
          return frozen;
        };
        FrozenSession frozen = shares ? SharedSessions::OfProcess().Freeze(session, freeze) : freeze();
        if (frozen.session != nullptr)
          freezing->frozen = std::make_shared<Model>(*freezing->model, std::move(frozen.session));
        freezing->convolutions = frozen.convolutions;
        freezing->model.reset();
      },
      [this, freezing]() -> napi_value {
        if (freezing->frozen == nullptr) return js::Error(env_, {TF_FAILED_PRECONDITION, freezing->why_not});
        napi_value result;
        napi_create_object(env_, &result);
        napi_set_named_property(env_, result, "id", js::Number(env_, models_.Put(std::move(freezing->frozen))));
        napi_set_named_property(env_, result, "convolutions", js::Number(env_, freezing->convolutions));
        return result;
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
  tasks_.Load(js::Uint32(env_, arguments[0]),
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
  tasks_.Load(js::Uint32(env_, arguments[0]),
      [model, why_not, shares = shares_] {
        const std::shared_ptr<Session> session = (*model)->session();
        const auto settle = [&] {
          std::string why;
          celsiusify::Settle(session.get(), (*model)->runs(), &why);
          return why;
        };
        *why_not = shares ? SharedSessions::OfProcess().Settle(session, settle) : settle();
        model->reset();
      },
      [this, why_not]() -> napi_value {
        if (!why_not->empty()) return js::Error(env_, {TF_FAILED_PRECONDITION, *why_not});
        return js::Undefined(env_);
      });
  return nullptr;
}

}  // namespace celsiusify
