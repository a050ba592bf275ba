#include "plugin.h"

#include <mutex>

#include "operation.h"
#include "optimizer.h"

namespace celsiusify::winograd {

thread_local Count* Count::current_ = nullptr;
thread_local Helpers* HelpersOfThread::current_ = nullptr;

void RegisterPlugin() {
  static std::once_flag once;
  std::call_once(once, [] {
    RegisterOperation();
    RegisterOptimizer();
  });
}

}  // namespace celsiusify::winograd
