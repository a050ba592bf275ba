#include "model.h"

#include <cstdlib>
#include <utility>

namespace celsiusify {
namespace {

constexpr int64_t kNotPrepared = -1;

// `tensor` as signatures name it, and as a session wants it: "node:index".
bool Find(TF_Graph* graph, const std::string& tensor, std::string* found) {
  const size_t colon = tensor.rfind(':');
  const std::string name = tensor.substr(0, colon);
  const int index = colon == std::string::npos ? 0 : std::atoi(tensor.c_str() + colon + 1);
  *found = name + ':' + std::to_string(index);
  TF_Operation* const operation = TF_GraphOperationByName(graph, name.c_str());
  return operation != nullptr && index < TF_OperationNumOutputs(operation);
}

}  // namespace

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
  const std::shared_ptr<Bound> bound = this->bound();
  for (size_t i = 0; i < definitions_.size(); ++i)
    if (signatures_[i].unsupported.empty()) runs.push_back(bound->runs[i]);
  return runs;
}

std::shared_ptr<Model::Bound> Model::Bind(std::shared_ptr<Session> session) const {
  auto bound = std::make_shared<Bound>();
  TF_Graph* const graph = session->graph();
  bound->session = std::move(session);
  for (const SignatureDef& definition : definitions_) {
    std::string missing;
    const auto look_up = [&](const std::vector<std::string>& names) {
      std::vector<std::string> found(names.size());
      for (size_t i = 0; i < names.size(); ++i)
        if (!Find(graph, names[i], &found[i]) && missing.empty()) missing = names[i];
      return found;
    };
    Endpoints run{look_up(definition.inputs), look_up(definition.outputs)};
    bound->runs.push_back(std::move(run));
    bound->missing.push_back(missing);
  }
  bound->prepared = std::vector<std::atomic<int64_t>>(definitions_.size());
  for (std::atomic<int64_t>& prepared : bound->prepared) prepared = kNotPrepared;
  return bound;
}

std::shared_ptr<Model::Bound> Model::bound() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bound_;
}

std::shared_ptr<Session> Model::session() const { return bound()->session; }

bool Model::Replace(std::shared_ptr<Session> session) {
  std::shared_ptr<Bound> bound = Bind(std::move(session));
  for (size_t i = 0; i < signatures_.size(); ++i)
    if (signatures_[i].unsupported.empty() && !bound->missing[i].empty()) return false;
  std::lock_guard<std::mutex> lock(mutex_);
  bound_.swap(bound);  // the one before ends after the lock, with the last run of it
  return true;
}

Failure Model::Run(int signature, const std::vector<TF_Tensor*>& inputs, std::vector<TensorPtr>* outputs,
                   Helpers* helpers) const {
  const std::shared_ptr<Bound> bound = this->bound();
  std::atomic<int64_t>& known = bound->prepared[signature];
  int64_t prepared = known.load(std::memory_order_relaxed);
  if (prepared == kNotPrepared) {
    Failure failure = bound->session->Prepare(bound->runs[signature], &prepared);
    if (failure.code != TF_OK) return failure;
    known = prepared;
  }
  return bound->session->Run(prepared, inputs, outputs, helpers);
}

}  // namespace celsiusify
