#include "model.h"

#include <cstdlib>
#include <utility>

#include "numeric-mode.h"

namespace celsiusify {
namespace {

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using StatusPtr = std::unique_ptr<TF_Status, DeleteStatus>;

// "name:index", as signatures name tensors.
bool Find(TF_Graph* graph, const std::string& tensor, TF_Output* found) {
  const size_t colon = tensor.rfind(':');
  found->oper = TF_GraphOperationByName(graph, tensor.substr(0, colon).c_str());
  found->index = colon == std::string::npos ? 0 : std::atoi(tensor.c_str() + colon + 1);
  return found->oper != nullptr && found->index < TF_OperationNumOutputs(found->oper);
}

}  // namespace

Session::~Session() {
  const StatusPtr status(TF_NewStatus());
  TF_DeleteSession(session_, status.get());
  TF_DeleteGraph(graph_);
}

Model::Model(std::shared_ptr<Session> session, std::vector<SignatureDef> definitions)
    : definitions_(std::move(definitions)) {
  bound_ = Bind(std::move(session));
  for (size_t i = 0; i < definitions_.size(); ++i) {
    Signature& signature = definitions_[i].signature;
    if (signature.unsupported.empty() && !bound_->missing[i].empty())
      signature.unsupported = "signature \"" + signature.name + "\" names the tensor \"" + bound_->missing[i] +
                              "\", which the graph does not have; export the model again";
    signatures_.push_back(signature);
  }
}

Model::Model(const Model& other, std::shared_ptr<Session> session)
    : fields(other.fields), definitions_(other.definitions_), signatures_(other.signatures_) {
  bound_ = Bind(std::move(session));
}

std::vector<Endpoints> Model::runs() const {
  std::vector<Endpoints> runs;
  for (size_t i = 0; i < definitions_.size(); ++i)
    if (signatures_[i].unsupported.empty()) runs.push_back({definitions_[i].inputs, definitions_[i].outputs});
  return runs;
}

std::shared_ptr<const Model::Bound> Model::Bind(std::shared_ptr<Session> session) const {
  auto bound = std::make_shared<Bound>();
  TF_Graph* const graph = session->graph();
  bound->session = std::move(session);
  for (const SignatureDef& definition : definitions_) {
    std::string missing;
    const auto look_up = [&](const std::vector<std::string>& names) {
      std::vector<TF_Output> found(names.size());
      for (size_t i = 0; i < names.size(); ++i)
        if (!Find(graph, names[i], &found[i]) && missing.empty()) missing = names[i];
      return found;
    };
    bound->inputs.push_back(look_up(definition.inputs));
    bound->outputs.push_back(look_up(definition.outputs));
    bound->missing.push_back(missing);
  }
  return bound;
}

std::shared_ptr<const Model::Bound> Model::bound() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bound_;
}

std::shared_ptr<Session> Model::session() const { return bound()->session; }

bool Model::Replace(std::shared_ptr<Session> session) {
  std::shared_ptr<const Bound> bound = Bind(std::move(session));
  for (size_t i = 0; i < signatures_.size(); ++i)
    if (signatures_[i].unsupported.empty() && !bound->missing[i].empty()) return false;
  std::lock_guard<std::mutex> lock(mutex_);
  bound_.swap(bound);  // the one before ends after the lock, with the last run of it
  return true;
}

Failure Model::Run(int signature, const std::vector<TF_Tensor*>& inputs, std::vector<TensorPtr>* outputs) const {
  thread_local const StatusPtr status(TF_NewStatus());
  const std::shared_ptr<const Bound> bound = this->bound();
  const std::vector<TF_Output>& feeds = bound->inputs[signature];
  const std::vector<TF_Output>& fetches = bound->outputs[signature];
  std::vector<TF_Tensor*> values(fetches.size(), nullptr);
  {
    const NumericMode mode;
    TF_SessionRun(bound->session->get(), nullptr, feeds.data(), inputs.data(), static_cast<int>(feeds.size()),
                  fetches.data(), values.data(), static_cast<int>(fetches.size()), nullptr, 0, nullptr, status.get());
  }
  if (TF_GetCode(status.get()) != TF_OK) return {TF_GetCode(status.get()), TF_Message(status.get())};
  outputs->clear();
  for (TF_Tensor* value : values) outputs->emplace_back(value);
  return {};
}

}  // namespace celsiusify
