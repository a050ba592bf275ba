// A limited number of threads that take tasks in their order. Knows nothing of models.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "../session.h"

namespace celsiusify {

// Something to do, and what it took. `work` must not throw.
struct Task {
  uint32_t ticket = 0;            // whose it is, for who asked for it
  std::function<void()> work;     // done on a thread of the pool
  std::function<void()> deliver;  // done where TakeDone is called; may be empty
  int64_t nanoseconds = 0;        // that `work` took
};

class Pool : public Helpers {
 public:
  // Threads are made when there is first something to do. `notify` is called on one of them when there is something to
  // take, and is not called again before it was taken.
  // `spare`: threads beside those that helpers are counted of, so that short tasks wait for no long ones.
  // `nice`: threads give way by so much (setpriority(2)).
  Pool(size_t threads, size_t spare, int nice, std::function<void()> notify);
  // Waits for tasks under way; drops those that are not.
  ~Pool() override;

  // Leaves a pool that is not deleted to what still runs in it: nothing is waited for, and nobody is told any more.
  void Abandon();

  // `first`: before all that waits, but others of its kind. For short work that others wait for.
  void Submit(std::unique_ptr<Task> task, bool first);
  std::vector<std::unique_ptr<Task>> TakeDone();
  // Tasks being worked on now.
  size_t busy() const;

  int count() const override { return static_cast<int>(threads_wanted_) - 1; }
  // Parts of tasks come before tasks: none waits for longer than it takes to wake a thread.
  bool Offer(std::function<void()>& part) override;

 private:
  void Work();
  void WaitForMore(std::unique_lock<std::mutex>* lock, bool helped);
  // With the mutex held.
  size_t waiting() const { return parts_.size() + first_.size() + waiting_.size(); }
  int IdleNow() const;
  void Wake();

  const size_t threads_wanted_, spare_;
  const int nice_;
  const std::function<void()> notify_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> parts_;
  std::deque<std::unique_ptr<Task>> first_, waiting_;
  std::vector<std::unique_ptr<Task>> done_;
  std::vector<std::thread> threads_;
  size_t busy_ = 0;
  size_t helping_ = 0;
  size_t spinning_ = 0;
  std::atomic<bool> has_more_{false};  // for those that spin
  bool ending_ = false;
  bool abandoned_ = false;
};

}  // namespace celsiusify
