// Faults on purpose, in an addon that test/hardening/sanitizers.ts loads first: a sanitizer that does not find them would
// find nothing else either.
#include <node_api.h>

#include <thread>

namespace {

int shared = 0;

// A data race for ThreadSanitizer, and a write behind an array for AddressSanitizer.
void Fault() {
  std::thread other([] { ++shared; });
  ++shared;
  other.join();
  int* const array = new int[1];
  array[shared] = shared;
  delete[] array;
}

}  // namespace

NAPI_MODULE_INIT() {
  Fault();
  return exports;
}
