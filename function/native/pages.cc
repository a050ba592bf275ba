#include "pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace celsiusify {
namespace {

// Code and constants of one library: segments that are not writable, so that each of their pages is as it is in the
// file. Data that relocations have written to (RELRO) is part of a writable segment.
int ReleaseLibrary(dl_phdr_info* library, size_t, void*) {
  if (std::strstr(library->dlpi_name, "/libtensorflow_") == nullptr) return 0;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t start = (library->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = library->dlpi_addr + segment.p_vaddr + segment.p_filesz;
    madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  return 0;
}

napi_value ReleasePages(napi_env, napi_callback_info) {
  dl_iterate_phdr(ReleaseLibrary, nullptr);
  return nullptr;
}

}  // namespace

void AddPages(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "releasePages", NAPI_AUTO_LENGTH, ReleasePages, nullptr, &function);
  napi_set_named_property(env, exports, "releasePages", function);
}

}  // namespace celsiusify
