#include "session.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/numeric-mode.h"
#include "winograd/plugin.h"
#include "wire.h"

// What follows is declared as it is compiled into TensorFlow's libraries, whose headers for C++ are 268 MB: they are
// always of the one wheel that setup/wheels.js names by its hash. The tests of the engine run through all of it.
namespace {

// absl::Status as it is returned: in memory, since it has a destructor.
struct ReturnedStatus {
  uintptr_t value;
  ~ReturnedStatus() {}
};

void ConstructTensor(void* tensor) __asm__("_ZN10tensorflow6TensorC1Ev");
void DestroyTensor(void* tensor) __asm__("_ZN10tensorflow6TensorD1Ev");

// tensorflow::Tensor (tensorflow/core/framework/tensor.h): a shape, and a pointer to a counted buffer.
struct Tensor {
  Tensor() { ConstructTensor(this); }
  ~Tensor() { DestroyTensor(this); }
  Tensor(const Tensor&) = delete;

  alignas(8) char bytes[32];
};

ReturnedStatus ToTensor(const TF_Tensor* from, Tensor* to)
    __asm__("_ZN10tensorflow17TF_TensorToTensorEPK9TF_TensorPNS_6TensorE");
TF_Tensor* FromTensor(const Tensor& from, ReturnedStatus* status)
    __asm__("_ZN10tensorflow19TF_TensorFromTensorERKNS_6TensorEPN4absl12lts_202508146StatusE");
void CopyStatus(TF_Status* to, const ReturnedStatus& from)
    __asm__("_ZN3tsl25Set_TF_Status_from_StatusEP10TSL_StatusRKN4absl12lts_202508146StatusE");
void Unref(uintptr_t status) __asm__("_ZNK4absl12lts_2025081415status_internal9StatusRep5UnrefEv");

// tensorflow::CallableOptions (tensorflow/core/protobuf/config.proto): a message of some 200 bytes.
struct alignas(16) CallableOptions {
  char bytes[1024];
};
void ConstructOptions(CallableOptions* options, void* arena)
    __asm__("_ZN10tensorflow15CallableOptionsC1EPN6google8protobuf5ArenaE");
void DestroyOptions(CallableOptions* options) __asm__("_ZN10tensorflow15CallableOptionsD1Ev");
bool ParseOptions(CallableOptions* options, const void* bytes, int size)
    __asm__("_ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi");

// tsl::thread::ThreadPoolInterface, which is Eigen's (unsupported/Eigen/CXX11/src/ThreadPool/ThreadPoolInterface.h).
class ThreadPoolInterface {
 public:
  virtual void Schedule(std::function<void()> closure) = 0;
  virtual void ScheduleWithHint(std::function<void()> closure, int start, int end) = 0;
  virtual void Cancel() = 0;
  virtual int NumThreads() const = 0;
  virtual int CurrentThreadId() const = 0;
  virtual ~ThreadPoolInterface() = default;
};

// tsl::thread::ThreadPoolOptions (xla/tsl/platform/threadpool_options.h).
struct ThreadPoolOptions {
  ThreadPoolInterface* inter_op = nullptr;
  ThreadPoolInterface* intra_op = nullptr;
};

// Of tensorflow::Session (tensorflow/core/public/session.h).
ReturnedStatus MakeCallable(void* session, const CallableOptions& options, int64_t* handle)
    __asm__("_ZN10tensorflow13DirectSession12MakeCallableERKNS_15CallableOptionsEPl");
ReturnedStatus RunCallable(void* session, int64_t handle, const std::vector<Tensor>& feeds, std::vector<Tensor>* fetches,
                           void* metadata, const ThreadPoolOptions& pools)
    __asm__("_ZN10tensorflow13DirectSession11RunCallableElRKSt6vectorINS_6TensorESaIS2_EEPS4_PNS_11RunMetadataERKN3tsl6"
            "thread17ThreadPoolOptionsE");
ReturnedStatus FinalizeSession(void* session) __asm__("_ZN10tensorflow13DirectSession8FinalizeEv");

// The first member of TF_Session (tensorflow/c/c_api_internal.h).
void* SessionOf(TF_Session* session) { return *reinterpret_cast<void**>(session); }

}  // namespace

namespace celsiusify {
namespace {

struct DeleteStatus {
  void operator()(TF_Status* status) const { TF_DeleteStatus(status); }
};
using StatusPtr = std::unique_ptr<TF_Status, DeleteStatus>;

// Ends what was returned.
Failure FailureOf(const ReturnedStatus& returned) {
  constexpr uintptr_t kOk = 1, kIsInline = 1;  // a code in the pointer's place, OK is 0, or a pointer to code and words
  if (returned.value == kOk) return {};
  const StatusPtr status(TF_NewStatus());
  CopyStatus(status.get(), returned);
  if ((returned.value & kIsInline) == 0) Unref(returned.value);
  return {TF_GetCode(status.get()), TF_Message(status.get())};
}

// For the operations of one run: a part is done by a helper that has time for it, and else by who asks for it. So nothing
// waits for a thread, whatever else the threads have to do.
class Parts final : public ThreadPoolInterface {
 public:
  Parts(Helpers* helpers, int count) : helpers_(helpers), count_(count), taken_(std::make_shared<Taken>(0)) {}

  void Schedule(std::function<void()> closure) override {
    const int seat = Take();
    if (seat < 0) return closure();
    std::function<void()> part = [closure = std::move(closure), taken = taken_, seat] {
      {
        const NumericMode mode;
        const int before = std::exchange(seat_, seat);
        closure();
        seat_ = before;
      }
      taken->fetch_and(~(uint64_t{1} << seat));  // the run may be over by now
    };
    if (!helpers_->Offer(part)) part();
  }
  void ScheduleWithHint(std::function<void()> closure, int, int) override { Schedule(std::move(closure)); }
  void Cancel() override {}
  int NumThreads() const override { return count_ + 1; }
  // Operations keep what each thread needs by it: the one that runs them has none, and helpers have seats.
  int CurrentThreadId() const override { return seat_; }

 private:
  using Taken = std::atomic<uint64_t>;

  int Take() {
    uint64_t taken = taken_->load();
    for (int seat = 0; seat < count_;)
      if ((taken >> seat & 1) != 0) ++seat;
      else if (taken_->compare_exchange_weak(taken, taken | uint64_t{1} << seat)) return seat;
    return -1;
  }

  static thread_local int seat_;
  Helpers* const helpers_;
  const int count_;
  const std::shared_ptr<Taken> taken_;
};

thread_local int Parts::seat_ = -1;

std::string KeyOf(const Endpoints& run) {
  std::string key;
  for (const auto* names : {&run.inputs, &run.outputs}) {
    for (const std::string& name : *names) key += name + '\n';
    key += '\n';
  }
  return key;
}

}  // namespace

Session::~Session() {
  const StatusPtr status(TF_NewStatus());
  TF_DeleteSession(session_, status.get());
  TF_DeleteGraph(graph_);
}

Failure Session::Prepare(const Endpoints& run, int64_t* prepared) {
  std::lock_guard<std::mutex> lock(mutex_);
  const std::string key = KeyOf(run);
  if (const auto found = prepared_.find(key); found != prepared_.end()) {
    *prepared = found->second;
    return {};
  }
  std::string message;  // CallableOptions: feed = 1, fetch = 2
  for (const std::string& input : run.inputs) wire::AppendBytes(&message, 1, input);
  for (const std::string& output : run.outputs) wire::AppendBytes(&message, 2, output);
  CallableOptions options;
  ConstructOptions(&options, nullptr);
  ParseOptions(&options, message.data(), static_cast<int>(message.size()));
  const Failure failure = FailureOf(MakeCallable(SessionOf(session_), options, prepared));
  DestroyOptions(&options);
  if (failure.code == TF_OK) prepared_.emplace(key, *prepared);
  return failure;
}

Failure Session::Run(int64_t prepared, const std::vector<TF_Tensor*>& inputs, std::vector<TensorPtr>* outputs,
                     Helpers* helpers) const {
  std::vector<Tensor> feeds(inputs.size()), fetches;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (Failure failure = FailureOf(ToTensor(inputs[i], &feeds[i])); failure.code != TF_OK) return failure;
  constexpr int kMostHelpers = 63;
  ThreadPoolOptions pools;
  std::unique_ptr<Parts> parts;
  if (spreads_ && helpers != nullptr && helpers->count() > 0) {
    parts = std::make_unique<Parts>(helpers, std::min(helpers->count(), kMostHelpers));
    pools.intra_op = parts.get();
  }
  Failure failure;
  {
    const NumericMode mode;
    const winograd::HelpersOfThread helped(spreads_ ? helpers : nullptr);
    failure = FailureOf(RunCallable(SessionOf(session_), prepared, feeds, &fetches, nullptr, pools));
  }
  if (failure.code != TF_OK) return failure;
  std::vector<TensorPtr> results;
  results.reserve(fetches.size());
  for (const Tensor& fetch : fetches) {
    ReturnedStatus status{1};
    results.emplace_back(FromTensor(fetch, &status));
    failure = FailureOf(status);
    if (failure.code != TF_OK) return failure;
  }
  outputs->swap(results);
  return {};
}

void Session::Finalize() { FailureOf(FinalizeSession(SessionOf(session_))); }

}  // namespace celsiusify
