#include "folder.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdint>
#include <memory>

namespace celsiusify {
namespace {

bool IsRemote(const std::string& folder) {
  constexpr uint32_t kCifs = 0xff534d42, kSmb2 = 0xfe534d42, kFuse = 0x65735546, kCeph = 0x00c36400, kLustre = 0x0bd00bd0,
                     kGpfs = 0x47504653, kBeeGfs = 0x19830326;
  struct statfs status;
  if (statfs(folder.c_str(), &status) != 0) return false;
  switch (static_cast<uint32_t>(status.f_type)) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
    case CODA_SUPER_MAGIC:
    case V9FS_MAGIC:
    case kCifs:
    case kSmb2:
    case kFuse:
    case kCeph:
    case kLustre:
    case kGpfs:
    case kBeeGfs:
      return true;
    default:
      return false;
  }
}

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * int64_t{1000000000} + time.tv_nsec; }

void Add(Listing* listing, char kind, const struct stat& status, const std::string& name) {
  listing->text += kind;
  for (const int64_t number : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                               static_cast<int64_t>(status.st_size), Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim)})
    listing->text += ' ' + std::to_string(number);
  listing->text += ' ';
  listing->text += name;
  listing->text += '\0';
}

bool Walk(const std::string& folder, const std::string& prefix, bool deep, Listing* listing) {
  const auto close = [](DIR* open) { closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> open(opendir(folder.c_str()), close);
  while (open != nullptr) {
    errno = 0;
    const dirent* const entry = readdir(open.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name, path = folder + '/' + name;
    if (name == "." || name == "..") continue;
    struct stat status = {};
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN && lstat(path.c_str(), &status) == 0) type = IFTODT(status.st_mode);
    char kind = type == DT_DIR ? 'd' : type == DT_REG ? 'f' : 'x';
    if (deep || type == DT_LNK) {
      const bool there = stat(path.c_str(), &status) == 0;
      kind = there && S_ISDIR(status.st_mode) ? 'd' : there && S_ISREG(status.st_mode) ? 'f' : 'x';
    }
    Add(listing, kind, status, prefix + name);
    if (deep && kind == 'd' && type == DT_DIR && !Walk(path, prefix + name + '/', deep, listing) && errno != ENOENT)
      return false;
  }
  return errno == 0;
}

}  // namespace

Listing ListFolder(const std::string& folder, bool deep) {
  Listing listing;
  struct stat status;
  if (stat(folder.c_str(), &status) != 0) {
    listing.error = errno;
    return listing;
  }
  Add(&listing, IsRemote(folder) ? 'r' : 'd', status, "");
  if (!Walk(folder, "", deep, &listing)) listing.error = errno;
  return listing;
}

}  // namespace celsiusify
