// What lies in a folder.
#pragma once

#include <string>

namespace celsiusify {

struct Listing {
  // The folder's own entry, with an empty name, and after it those within, each "KIND DEVICE INODE SIZE MTIME CTIME NAME\0":
  // kind `f` (file), `d` (folder), `x` (gone since it was listed, a link to nothing, or something else); times in
  // nanoseconds since 1970. The folder's kind is `r` where it lies on another machine, or is made by a process (FUSE).
  std::string text;
  // errno's; 0 where all was listed.
  int error = 0;
};

// Links are followed, but not into folders. `deep`: folders within folders, too, with names such as "variables/variables.index".
// Otherwise only links are looked at, and the numbers of the others are 0: one of them may be a file system that does not
// answer.
Listing ListFolder(const std::string& folder, bool deep);

}  // namespace celsiusify
