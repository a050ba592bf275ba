#include "pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "signals.h"


namespace celsiusify {

Pool::Pool(size_t threads, int nice, std::function<void()> notify)
    : threads_wanted_(threads), nice_(nice), notify_(std::move(notify)) {}

Pool::~Pool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    first_.clear();
    waiting_.clear();
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
  for (std::thread& thread : threads_) thread.detach();
  wake_.notify_all();
}

void Pool::Submit(std::unique_ptr<Task> task, bool first) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    (first ? first_ : waiting_).push_back(std::move(task));
    // One more than are busy is enough; a process that runs all in place has no thread at all.
    if (threads_.size() < threads_wanted_ && threads_.size() < busy_ + first_.size() + waiting_.size())
      threads_.emplace_back(&Pool::Work, this);
  }
  wake_.notify_one();
}

std::vector<std::unique_ptr<Task>> Pool::TakeDone() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(done_, {});
}

size_t Pool::busy() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return busy_;
}

void Pool::Work() {
  BlockSignals();
  if (nice_ != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice_);  // on Linux of this thread alone
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !first_.empty() || !waiting_.empty(); });
    if (ending_) return;
    std::deque<std::unique_ptr<Task>>& next = first_.empty() ? waiting_ : first_;
    std::unique_ptr<Task> task = std::move(next.front());
    next.pop_front();
    ++busy_;
    lock.unlock();
    const auto start = std::chrono::steady_clock::now();
    task->work();
    task->nanoseconds =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
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
