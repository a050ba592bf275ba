#include "signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <mutex>

namespace celsiusify {
namespace {

// Little: a handler of Node writes some bytes into a pipe.
constexpr size_t kStackBytes = 1 << 17;

void* Wait(void*) {
  for (;;) pause();
}

}  // namespace

void BlockSignals() {
  sigset_t signals;
  sigfillset(&signals);
  // Raised by what the thread does itself; and by V8's profiler, for this thread alone.
  for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&signals, own);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void StartSignalThread() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    pthread_create(&thread, &attributes, Wait, nullptr);  // inherits this thread's mask
    pthread_attr_destroy(&attributes);
  });
}

}  // namespace celsiusify
