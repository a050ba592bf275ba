// A file as memory, of which only what is looked at is read.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace celsiusify {

// A file's bytes, for as long as it lives.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      error_ = file < 0 ? errno : EISDIR;
    } else if (status.st_size > 0) {
      size_ = static_cast<size_t>(status.st_size);
      void* const at = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (at == MAP_FAILED) error_ = errno;
      else bytes_ = static_cast<const char*>(at);
    }
    if (file >= 0) close(file);
  }
  ~MappedFile() {
    if (bytes_ != nullptr) munmap(const_cast<char*>(bytes_), size_);
  }
  int error() const { return error_; }
  std::string_view bytes() const { return {bytes_, bytes_ == nullptr ? 0 : size_}; }

 private:
  const char* bytes_ = nullptr;
  size_t size_ = 0;
  int error_ = 0;
};

}  // namespace celsiusify
