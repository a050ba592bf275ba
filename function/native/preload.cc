// A second addon, which does one thing: as soon as it is loaded, a thread loads TensorFlow's libraries, so that Node
// reads and evaluates our JavaScript at the same time. The binding's own load then finds them there.
#include <dlfcn.h>
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14; an older one says that it knows no such thing
#endif

namespace {

std::atomic<bool> loading{false};
std::thread* thread;  // never destroyed, so that a process can end while it runs
// Wakes the event loop when the thread is through.
std::mutex mutex;
napi_threadsafe_function on_loaded = nullptr;

void Tell() {
  napi_call_threadsafe_function(on_loaded, nullptr, napi_tsfn_nonblocking);
  napi_release_threadsafe_function(on_loaded, napi_tsfn_release);
}

// Room in the heap for what the libraries' constructors allocate, some 14 MB, with its pages: one by one the system takes 2 us
// for each.
class HeapRoom {
 public:
  HeapRoom() {
    const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (void*& block : blocks_) {
      block = std::malloc(kBlock);
      const uintptr_t address = reinterpret_cast<uintptr_t>(block), start = (address + page - 1) & ~(page - 1);
      const uintptr_t end = (address + kBlock) & ~(page - 1);
      madvise(reinterpret_cast<void*>(start), end - start, MADV_POPULATE_WRITE);
    }
    // All but the last, which is the topmost: glibc would give back what is free at the heap's end.
    for (size_t i = 0; i + 1 < blocks_.size(); ++i) std::free(blocks_[i]);
  }
  ~HeapRoom() { std::free(blocks_.back()); }

 private:
  // glibc gives larger ones pages of their own.
  static constexpr size_t kBlock = 120 << 10, kBytes = 14 << 20;

  std::array<void*, kBytes / kBlock> blocks_;
};

void Load() {
  const HeapRoom room;
  Dl_info here;
  if (dladdr(reinterpret_cast<void*>(&Load), &here) != 0) {
    std::string path = here.dli_fname;
    path.replace(path.rfind('/') + 1, std::string::npos, "libtensorflow_cc.so.2");
    // A failure is left to the binding's own load, which says what is wrong.
    dlopen(path.c_str(), RTLD_NOW);
  }
  std::lock_guard<std::mutex> lock(mutex);
  loading = false;
  if (on_loaded != nullptr) Tell();
}

int32_t ExitCode(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value code;
  int32_t status = 0;
  napi_get_cb_info(env, info, &argc, &code, nullptr, nullptr);
  napi_get_value_int32(env, code, &status);
  return status;
}

// exit() would run destructors of libraries whose constructors are still running, and never return: a process that
// ends while the thread loads (--help, a bad option, a port in use) has nothing to destroy, and leaves at once.
napi_value ExitWhileLoading(napi_env env, napi_callback_info info) {
  if (loading) _exit(ExitCode(env, info));
  return nullptr;
}

// exit() would wait for other event loops, and for what they run.
napi_value ExitAtOnce(napi_env env, napi_callback_info info) {
  _exit(ExitCode(env, info));
}

napi_value Wait(napi_env env, napi_callback_info info) {
  if (thread->joinable()) thread->join();
  return nullptr;
}

// onLoaded(callback): once.
napi_value OnLoaded(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value callback, name;
  napi_get_cb_info(env, info, &argc, &callback, nullptr, nullptr);
  napi_create_string_utf8(env, "celsiusify preload", NAPI_AUTO_LENGTH, &name);
  std::lock_guard<std::mutex> lock(mutex);
  napi_create_threadsafe_function(env, callback, nullptr, name, 0, 1, nullptr, nullptr, nullptr, nullptr, &on_loaded);
  if (!loading) Tell();
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"exitAtOnce", nullptr, ExitAtOnce, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"exitWhileLoading", nullptr, ExitWhileLoading, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"onLoaded", nullptr, OnLoaded, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"wait", nullptr, Wait, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  // Event loops beside the first (EVENT_LOOPS) find them there, or on their way.
  static std::once_flag once;
  std::call_once(once, [] {
    loading = true;
    thread = new std::thread(Load);
  });
  return exports;
}
