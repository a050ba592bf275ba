#include "pages.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "tensorflow/c/tf_tensor.h"

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

void TrimTensors() {
  constexpr size_t kLargest = 16 << 20, kSmallest = 256 << 10;  // smaller ones are the heap's
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  std::vector<std::unique_ptr<TF_Tensor, void (*)(TF_Tensor*)>> held;
  std::vector<unsigned char> resident(kLargest / page);
  for (size_t size = kLargest; size >= kSmallest; size /= 2) {
    for (size_t given_back = size; given_back > size / 8;) {
      const int64_t dims[] = {static_cast<int64_t>(size)};
      held.emplace_back(TF_AllocateTensor(TF_UINT8, dims, 1, size), TF_DeleteTensor);
      if (held.back() == nullptr) return;
      const uintptr_t data = reinterpret_cast<uintptr_t>(TF_TensorData(held.back().get()));
      const uintptr_t start = (data + page - 1) & ~(page - 1), end = (data + size) & ~(page - 1);
      void* const pages = reinterpret_cast<void*>(start);
      given_back = 0;
      if (mincore(pages, end - start, resident.data()) != 0) break;
      for (size_t i = 0; i < (end - start) / page; ++i) given_back += (resident[i] & 1) * page;
      if (given_back > 0) madvise(pages, end - start, MADV_DONTNEED);
    }
  }
}

}  // namespace celsiusify
