#include "receiver.h"
// Nothing here is checked that receiver.ts, the only caller, has as a type.

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "engine/js.h"
#include "engine/signals.h"

namespace celsiusify {
namespace {

// One socket is not read for longer than this takes while others wait.
constexpr size_t kMostAtOnce = 256 << 10;

// What is to be read from a socket, and where to.
struct Receipt {
  uint32_t ticket = 0;
  int socket = -1;  // a descriptor of our own: that of JavaScript's may be closed, and its number given to another
  napi_ref kept = nullptr;
  std::string begin;  // how what comes is to begin; empty once it does, or where that is all the same
  std::mutex mutex;  // held while the thread uses what is below
  char* at = nullptr;
  char* end = nullptr;  // the same: nothing is to be read, but the connection's end is to be told
  size_t received = 0;
  bool ended = false;
};

class Receiver {
 public:
  static napi_value Create(napi_env env, napi_callback_info info);

 private:
  Receiver(napi_env env, napi_value done);
  static void Stop(void* receiver);
  static void Delete(napi_env env, void* receiver, void*);
  static void Deliver(napi_env env, napi_value, void* receiver, void* receipt);

  napi_value Pending(napi_callback_info info);
  napi_value Receive(napi_callback_info info);
  napi_value Cancel(napi_callback_info info);
  void Work();
  void Read(const std::shared_ptr<Receipt>& receipt);
  static bool BeginsWell(Receipt* receipt);
  std::shared_ptr<Receipt> Find(uint32_t ticket);
  std::shared_ptr<Receipt> Take(uint32_t ticket);
  void End(Receipt* receipt);

  // Tickets are indexes and small; this stands for what ends the thread.
  static constexpr uint64_t kStop = ~uint64_t{0};

  const napi_env env_;
  napi_ref done_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  int epoll_ = -1;
  int stop_ = -1;
  std::thread thread_;  // made when there is first something to read
  std::mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<Receipt>> receipts_;  // by ticket
  bool stopped_ = false;
};

Receiver::Receiver(napi_env env, napi_value done) : env_(env) {
  napi_create_reference(env, done, 1, &done_);
  napi_value name;
  napi_create_string_utf8(env, "celsiusify receiver", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Deliver, &wake_);
  napi_unref_threadsafe_function(env, wake_);  // the sockets keep the process alive
  // Registered after the function, so called before Node closes it: the thread may not call it then.
  napi_add_env_cleanup_hook(env, Stop, this);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC);
  epoll_event event = {EPOLLIN, {}};
  event.data.u64 = kStop;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_, &event);
}

void Receiver::Stop(void* data) {
  Receiver* const receiver = static_cast<Receiver*>(data);
  if (receiver->thread_.joinable()) {
    eventfd_write(receiver->stop_, 1);
    receiver->thread_.join();
  }
  for (auto& [ticket, receipt] : receiver->receipts_)
    if (receipt->socket >= 0) close(receipt->socket);
  receiver->receipts_.clear();
  close(receiver->epoll_);
  close(receiver->stop_);
  receiver->stopped_ = true;
}

void Receiver::Delete(napi_env env, void* data, void*) {
  const std::unique_ptr<Receiver> receiver(static_cast<Receiver*>(data));
  if (receiver->stopped_) return;  // with the environment
  napi_remove_env_cleanup_hook(env, Stop, receiver.get());
  Stop(receiver.get());
  napi_release_threadsafe_function(receiver->wake_, napi_tsfn_abort);
}

std::shared_ptr<Receipt> Receiver::Find(uint32_t ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = receipts_.find(ticket);
  return found == receipts_.end() ? nullptr : found->second;
}

std::shared_ptr<Receipt> Receiver::Take(uint32_t ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = receipts_.find(ticket);
  if (found == receipts_.end()) return nullptr;
  std::shared_ptr<Receipt> receipt = std::move(found->second);
  receipts_.erase(found);
  return receipt;
}

// With the receipt's mutex held.
void Receiver::End(Receipt* receipt) {
  if (receipt->ended) return;
  receipt->ended = true;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, receipt->socket, nullptr);
  close(receipt->socket);
  receipt->socket = -1;
}

napi_value Receiver::Pending(napi_callback_info info) {
  int count = 0;
  ioctl(static_cast<int>(js::Uint32(env_, js::Arguments<1>(env_, info)[0])), FIONREAD, &count);
  return js::Number(env_, count);
}

napi_value Receiver::Receive(napi_callback_info info) {
  const js::Arguments<6> arguments(env_, info);
  auto receipt = std::make_shared<Receipt>();
  receipt->ticket = js::Uint32(env_, arguments[0]);
  receipt->socket = fcntl(static_cast<int>(js::Uint32(env_, arguments[1])), F_DUPFD_CLOEXEC, 0);
  if (receipt->socket < 0) return js::Boolean(env_, false);
  void* body = nullptr;
  napi_get_buffer_info(env_, arguments[2], &body, nullptr);
  napi_create_reference(env_, arguments[2], 1, &receipt->kept);
  receipt->at = static_cast<char*>(body) + js::Uint32(env_, arguments[3]);
  receipt->end = static_cast<char*>(body) + js::Uint32(env_, arguments[4]);
  bool has_begin = false;
  napi_is_buffer(env_, arguments[5], &has_begin);
  if (has_begin) {
    const js::Bytes begin(env_, arguments[5]);
    receipt->begin.assign(begin.data, begin.size);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    receipts_[receipt->ticket] = receipt;
  }
  if (!thread_.joinable()) thread_ = std::thread(&Receiver::Work, this);
  epoll_event event = {};
  event.events = receipt->at < receipt->end ? EPOLLIN : EPOLLRDHUP;
  event.data.u64 = receipt->ticket;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, receipt->socket, &event) == 0) return js::Boolean(env_, true);
  Take(receipt->ticket);
  close(receipt->socket);
  napi_delete_reference(env_, receipt->kept);
  return js::Boolean(env_, false);
}

// How many bytes have come by then.
napi_value Receiver::Cancel(napi_callback_info info) {
  size_t received = 0;
  const std::shared_ptr<Receipt> receipt = Take(js::Uint32(env_, js::Arguments<1>(env_, info)[0]));
  if (receipt != nullptr) {
    {
      const std::lock_guard<std::mutex> lock(receipt->mutex);
      End(receipt.get());
      received = receipt->received;
    }
    napi_delete_reference(env_, receipt->kept);
  }
  return js::Number(env_, static_cast<double>(received));
}

void Receiver::Work() {
  BlockSignals();
  epoll_event events[64];
  for (;;) {
    const int count = epoll_wait(epoll_, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == kStop) return;
      const std::shared_ptr<Receipt> receipt = Find(static_cast<uint32_t>(events[i].data.u64));
      if (receipt != nullptr) Read(receipt);
    }
  }
}

void Receiver::Read(const std::shared_ptr<Receipt>& receipt) {
  {
    const std::lock_guard<std::mutex> lock(receipt->mutex);
    if (receipt->ended) return;
    const size_t most = std::min(static_cast<size_t>(receipt->end - receipt->at), kMostAtOnce);
    if (most > 0) {
      const ssize_t count = recv(receipt->socket, receipt->at, most, MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count > 0) {
        receipt->at += count;
        receipt->received += count;
        if (BeginsWell(receipt.get()) && receipt->at < receipt->end) return;
      }
    }
    End(receipt.get());
  }
  napi_call_threadsafe_function(wake_, new std::shared_ptr<Receipt>(receipt), napi_tsfn_nonblocking);
}

bool Receiver::BeginsWell(Receipt* receipt) {
  std::string& begin = receipt->begin;
  const size_t size = std::min(begin.size(), receipt->received);
  if (memcmp(receipt->at - receipt->received, begin.data(), size) != 0) return false;
  if (size == begin.size()) begin.clear();
  return true;
}

void Receiver::Deliver(napi_env env, napi_value, void* data, void* delivered) {
  const std::unique_ptr<std::shared_ptr<Receipt>> held(static_cast<std::shared_ptr<Receipt>*>(delivered));
  if (env == nullptr) return;
  Receiver* const receiver = static_cast<Receiver*>(data);
  const Receipt& receipt = **held;
  {
    // Its ticket may be another's by now, if it was cancelled.
    const std::lock_guard<std::mutex> lock(receiver->mutex_);
    const auto found = receiver->receipts_.find(receipt.ticket);
    if (found == receiver->receipts_.end() || found->second != *held) return;
    receiver->receipts_.erase(found);
  }
  napi_delete_reference(env, receipt.kept);
  napi_value arguments[2] = {js::Number(env, receipt.ticket),
                             js::Number(env, static_cast<double>(receipt.received))};
  napi_value done, global, result;
  napi_get_reference_value(env, receiver->done_, &done);
  napi_get_global(env, &global);
  if (napi_call_function(env, global, done, 2, arguments, &result) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
}

napi_value Receiver::Create(napi_env env, napi_callback_info info) {
  auto* const receiver = new Receiver(env, js::Arguments<1>(env, info)[0]);
  napi_value object;
  napi_create_object(env, &object);
  js::Method<Receiver, &Receiver::Pending>(env, object, "pending", receiver);
  js::Method<Receiver, &Receiver::Receive>(env, object, "receive", receiver);
  js::Method<Receiver, &Receiver::Cancel>(env, object, "cancel", receiver);
  napi_wrap(env, object, receiver, Delete, nullptr, nullptr);
  return object;
}

}  // namespace

void AddReceiver(napi_env env, napi_value exports) {
  js::Function(env, exports, "createReceiver", Receiver::Create);
}

}  // namespace celsiusify
