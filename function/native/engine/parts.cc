#include "parts.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "stopwatch.h"

namespace celsiusify {
namespace {

struct Part {
  std::vector<TensorPtr> inputs, outputs;
  int64_t rows = 0;
  double nanoseconds = 0;
  bool good = false;
};

// The parts of a call, which whoever has time takes one by one. It may outlive the run: a helper may come too late.
class Split {
 public:
  Split(std::shared_ptr<const Model> model, int signature, std::vector<Part> parts)
      : model_(std::move(model)), signature_(signature), parts_(std::move(parts)) {}

  // Does the next part. False where none is left.
  bool RunNext() {
    Part* part = nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (begun_ == parts_.size()) return false;
      part = &parts_[begun_++];
    }
    Run(part);
    std::lock_guard<std::mutex> lock(mutex_);
    if (++ended_ == parts_.size()) all_ended_.notify_all();
    return true;
  }

  std::vector<Part>& WaitForAll() {
    std::unique_lock<std::mutex> lock(mutex_);
    all_ended_.wait(lock, [this] { return ended_ == parts_.size(); });
    return parts_;
  }

 private:
  void Run(Part* part) const {
    const Stopwatch stopwatch(&part->nanoseconds);
    try {
      std::vector<TF_Tensor*> inputs;
      for (const TensorPtr& input : part->inputs) inputs.push_back(input.get());
      part->good = model_->Run(signature_, inputs, &part->outputs, nullptr).code == TF_OK;
    } catch (const std::bad_alloc&) {
      part->good = false;
    }
  }

  const std::shared_ptr<const Model> model_;
  const int signature_;
  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::vector<Part> parts_;
  size_t begun_ = 0, ended_ = 0;
};

// Strings own their bytes, and TensorFlow wants them where a row need not begin.
bool CanBeCut(const Call& call, int parts) {
  if (parts < 2 || call.rows < parts || call.model->session()->spreads()) return false;
  return std::none_of(call.inputs.begin(), call.inputs.end(),
                      [](const TensorPtr& input) { return TF_TensorType(input.get()) == TF_STRING; });
}

std::vector<Part> Cut(Call* call, int count) {
  std::vector<Part> parts(count);
  int64_t from = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t to = call->rows * (i + 1) / count;
    parts[i].rows = to - from;
    from = to;
  }
  for (TensorPtr& input : call->inputs) {
    const std::shared_ptr<TF_Tensor> whole(input.release(), DeleteTensor());
    from = 0;
    for (Part& part : parts) {
      part.inputs.push_back(RowsOf(whole, from, part.rows));
      from += part.rows;
    }
    input = RowsOf(whole, 0, call->rows);
  }
  return parts;
}

bool Join(const std::vector<Part>& parts, int64_t rows, std::vector<TensorPtr>* outputs) {
  std::vector<TensorPtr> whole;
  for (size_t i = 0; i < parts.front().outputs.size(); ++i) {
    std::vector<const TF_Tensor*> pieces;
    for (const Part& part : parts) {
      const TF_Tensor* const output = part.outputs[i].get();
      if (TF_NumDims(output) == 0 || TF_Dim(output, 0) != part.rows) return false;  // not row-wise after all
      pieces.push_back(output);
    }
    whole.push_back(Concatenate(pieces, rows));
    if (whole.back() == nullptr) return false;
  }
  outputs->swap(whole);
  return true;
}

bool TryInParts(Call* call, int count, Helpers* helpers, double* longest) {
  const auto split = std::make_shared<Split>(call->model, call->signature, Cut(call, count));
  for (int i = 1; i < count; ++i) {
    std::function<void()> part = [split] { split->RunNext(); };
    if (!helpers->Offer(part)) break;
  }
  while (split->RunNext()) {
  }
  const std::vector<Part>& parts = split->WaitForAll();
  for (const Part& part : parts) {
    if (!part.good) return false;
    *longest = std::max(*longest, part.nanoseconds);
  }
  return Join(parts, call->rows, &call->outputs);
}

}  // namespace

bool RunInParts(Call* call, int parts, Helpers* helpers, double* longest) {
  *longest = 0;
  if (helpers == nullptr || !CanBeCut(*call, parts)) return false;
  try {
    if (TryInParts(call, parts, helpers, longest)) return true;
  } catch (const std::bad_alloc&) {
  }
  *longest = 0;
  return false;
}

}  // namespace celsiusify
