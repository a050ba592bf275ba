#include "tasks.h"

#include <utility>

#include "../overrides.h"

namespace celsiusify {
namespace {

// How much runs give way to the event loop, which needs little of a CPU, but soon; and loading to both: where all cores are
// busy, it gets a third of what a run gets.
constexpr int kRunsNice = 5, kLoadingNice = 10;
// Threads are made as they are needed. How many are needed is up to the callers; these are for the worst.
constexpr size_t kMostLoads = 256, kMostLooks = 256;

}  // namespace

Tasks::Tasks(napi_env env, size_t threads, napi_value done) : env_(env) {
  napi_create_reference(env, done, 1, &done_);
  napi_value name;
  napi_create_string_utf8(env, "celsiusify", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(
      env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
      [](napi_env env, napi_value, void* tasks, void*) {
        if (env != nullptr) static_cast<Tasks*>(tasks)->DeliverAll();
      },
      &wake_);
  napi_unref_threadsafe_function(env, wake_);  // alone it keeps no process alive
  // Registered after the function, so called before Node closes it: no thread may call it then.
  napi_add_env_cleanup_hook(env, Stop, this);
  const auto notify = [this] { napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking); };
  // One thread more than runs at once where all are long: for short runs beside them, and for bodies to be read.
  running_ = std::make_unique<Pool>(threads, 1, kRunsNice, notify);
  // Threads of TensorFlow's own would inherit it from the first thread that loads, and run models with it.
  const int nice = UsesOwnThreads() ? kRunsNice : kLoadingNice;
  loading_ = std::make_unique<Pool>(kMostLoads, 0, nice, notify);
  looking_ = std::make_unique<Pool>(kMostLooks, 0, 0, notify);
  if (HasOneIntraOpThread()) helpers_ = running_.get();
}

void Tasks::Stop(void* data) {
  Tasks* const tasks = static_cast<Tasks*>(data);
  // A run that never ends, or a file system that does not answer, cannot be waited for.
  for (std::unique_ptr<Pool>* pool : {&tasks->running_, &tasks->loading_, &tasks->looking_}) {
    if ((*pool)->busy() > 0) pool->release()->Abandon();
    else pool->reset();
  }
  tasks->stopped_ = true;
}

bool Tasks::End() {
  if (!stopped_) {  // it is garbage, and the environment lives on
    napi_remove_env_cleanup_hook(env_, Stop, this);
    Stop(this);
    napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  }
  return outstanding_ == 0;
}

std::unique_ptr<Task> Tasks::New(uint32_t ticket, std::function<void()> work, Deliver deliver) {
  auto task = std::make_unique<Task>();
  task->ticket = ticket;
  task->work = std::move(work);
  task->deliver = [this, deliver = std::move(deliver)] { delivered_ = deliver(); };
  if (outstanding_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  return task;
}

void Tasks::Run(uint32_t ticket, bool first, std::function<void()> work, Deliver deliver) {
  running_->Submit(New(ticket, std::move(work), std::move(deliver)), first);
}

void Tasks::Read(uint32_t ticket, napi_value buffer, std::function<void(const js::Bytes&)> read, Deliver deliver) {
  napi_ref kept;
  napi_create_reference(env_, buffer, 1, &kept);
  Run(
      ticket, true, [read = std::move(read), bytes = js::Bytes(env_, buffer)] { read(bytes); },
      [this, kept, deliver = std::move(deliver)] {
        napi_delete_reference(env_, kept);
        return deliver();
      });
}

void Tasks::Load(uint32_t ticket, std::function<void()> work, Deliver deliver) {
  loading_->Submit(New(ticket, std::move(work), std::move(deliver)), false);
}

void Tasks::Look(uint32_t ticket, std::function<void()> work, Deliver deliver) {
  looking_->Submit(New(ticket, std::move(work), std::move(deliver)), false);
}

void Tasks::DeliverAll() {
  for (const std::unique_ptr<Pool>* pool : {&running_, &loading_, &looking_})
    if (!stopped_) DeliverAll(pool->get());
}

void Tasks::DeliverAll(Pool* pool) {
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

}  // namespace celsiusify
