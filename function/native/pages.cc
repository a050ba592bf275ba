#include "pages.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace celsiusify {
namespace {

// Node itself, which has no name here, and TensorFlow's libraries: the large files.
bool IsLarge(const char* name) { return name[0] == '\0' || std::strstr(name, "/libtensorflow_") != nullptr; }

// Code and constants of one file: segments that are not writable, so that each of their pages is as it is in the
// file. Data that relocations have written to (RELRO) is part of a writable segment.
int ReleaseFile(dl_phdr_info* file, size_t, void*) {
  if (!IsLarge(file->dlpi_name)) return 0;
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < file->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = file->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t start = (file->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = file->dlpi_addr + segment.p_vaddr + segment.p_filesz;
    madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void ReleasePages() { dl_iterate_phdr(ReleaseFile, nullptr); }

void TrimHeap() { malloc_trim(0); }

}  // namespace celsiusify
