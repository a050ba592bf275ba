#include "pool.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "signals.h"

namespace celsiusify {
namespace {

using Clock = std::chrono::steady_clock;

// A run that has parts for others has more of them soon: within this time for the most part, and to sleep and be woken
// takes about as long.
constexpr std::chrono::microseconds kSpin{50};

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

constexpr int kMostNice = 19;

// On Linux it is the thread's own, beginning with what the thread that started it has.
void GiveWay(int nice) {
  if (nice > 0) setpriority(PRIO_PROCESS, 0, std::min(getpriority(PRIO_PROCESS, 0) + nice, kMostNice));
}

}  // namespace

Pool::Pool(size_t threads, size_t spare, int nice, std::function<void()> notify)
    : threads_wanted_(threads), spare_(spare), nice_(nice), notify_(std::move(notify)) {}

Pool::~Pool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    first_.clear();
    waiting_.clear();
    has_more_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Pool::Abandon() {
  std::lock_guard<std::mutex> lock(mutex_);
  ending_ = true;
  abandoned_ = true;
  first_.clear();
  waiting_.clear();
  has_more_ = true;
  for (std::thread& thread : threads_) thread.detach();
  wake_.notify_all();
}

void Pool::Submit(std::unique_ptr<Task> task, bool first) {
  std::lock_guard<std::mutex> lock(mutex_);
  (first ? first_ : waiting_).push_back(std::move(task));
  Wake();
}

bool Pool::Offer(std::function<void()>& part) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (ending_ || IdleNow() <= 0) return false;
  parts_.push_back(std::move(part));
  Wake();
  return true;
}

// For what was added last.
void Pool::Wake() {
  has_more_.store(true, std::memory_order_relaxed);
  // One more than are busy is enough; a process that runs all in place has no thread at all.
  if (threads_.size() < threads_wanted_ + spare_ && threads_.size() < busy_ + helping_ + waiting())
    threads_.emplace_back(&Pool::Work, this);
  if (waiting() > spinning_) wake_.notify_one();
}

std::vector<std::unique_ptr<Task>> Pool::TakeDone() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(done_, {});
}

size_t Pool::busy() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return busy_;
}

int Pool::IdleNow() const {
  return static_cast<int>(threads_wanted_) - static_cast<int>(busy_ + helping_ + waiting());
}

void Pool::WaitForMore(std::unique_lock<std::mutex>* lock, bool helped) {
  if (helped && waiting() == 0) {
    has_more_ = false;
    ++spinning_;
    lock->unlock();
    for (const auto end = Clock::now() + kSpin; !has_more_.load(std::memory_order_relaxed) && Clock::now() < end;)
      for (int i = 0; i < 16; ++i) Pause();
    lock->lock();
    --spinning_;
  }
  wake_.wait(*lock, [this] { return ending_ || waiting() > 0; });
}

void Pool::Work() {
  BlockSignals();
  GiveWay(nice_);
  std::unique_lock<std::mutex> lock(mutex_);
  for (bool helped = false;;) {
    WaitForMore(&lock, helped);
    if (!parts_.empty()) {  // whose run waits for it, even while all ends
      std::function<void()> part = std::move(parts_.front());
      parts_.pop_front();
      ++helping_;
      lock.unlock();
      part();
      part = nullptr;
      lock.lock();
      --helping_;
      helped = true;
      continue;
    }
    if (ending_) return;
    helped = false;
    std::deque<std::unique_ptr<Task>>& next = first_.empty() ? waiting_ : first_;
    std::unique_ptr<Task> task = std::move(next.front());
    next.pop_front();
    ++busy_;
    lock.unlock();
    const auto start = Clock::now();
    task->work();
    task->nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
    lock.lock();
    --busy_;
    done_.push_back(std::move(task));
    if (abandoned_) return;
    if (done_.size() > 1) continue;  // somebody was told already
    lock.unlock();
    notify_();
    lock.lock();
  }
}

}  // namespace celsiusify
