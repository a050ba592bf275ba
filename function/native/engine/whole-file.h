// A file's bytes, read at once: a file that is mapped and then cut short, as a copy over it does, would end the process by
// SIGBUS, and so would one on a file system that has gone.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace celsiusify {

class WholeFile {
 public:
  explicit WholeFile(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) error_ = errno;
    else if (!S_ISREG(status.st_mode)) error_ = EISDIR;
    else if (status.st_size > kMost) error_ = EFBIG;
    else Read(file, static_cast<size_t>(status.st_size));
    if (file >= 0) close(file);
  }
  // errno's; 0 where it was read.
  int error() const { return error_; }
  std::string_view bytes() const { return {bytes_.get(), size_}; }

 private:
  static constexpr off_t kMost = INT32_MAX;  // protobuf takes no more

  void Read(int file, size_t size) {
    bytes_.reset(new (std::nothrow) char[size]);
    if (bytes_ == nullptr) error_ = ENOMEM;
    while (error_ == 0 && size_ < size) {
      const ssize_t count = read(file, bytes_.get() + size_, size - size_);
      if (count > 0) size_ += static_cast<size_t>(count);
      else if (count == 0) break;  // it was cut short meanwhile
      else if (errno != EINTR) error_ = errno;
    }
    if (error_ != 0) size_ = 0;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  int error_ = 0;
};

}  // namespace celsiusify
