"""Unpacks some members of a zip archive, checking their CRC: unpack.py ARCHIVE FOLDER PREFIX..."""

import sys
import zipfile

archive, folder, *prefixes = sys.argv[1:]
try:
    with zipfile.ZipFile(archive) as members:
        members.extractall(folder, [name for name in members.namelist() if name.startswith(tuple(prefixes))])
except (OSError, zipfile.BadZipFile) as error:
    sys.exit(f"cannot unpack {archive}: {error}")
