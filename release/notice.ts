import { wheels } from '../setup/wheels.js';
import { bindingPackage, bundledPackages, type Package } from './bundled.ts';

/** The text of NOTICE: everything that the container image holds, and under which licence. */
export async function notice(): Promise<string> {
  const packages = [...(await bundledPackages()), bindingPackage()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const versions = [...new Set(Object.values(wheels).map(({ version }) => version))].join(', ');
  return `Celsiusify
Copyright 2026 The Celsiusify authors

Licensed under the Apache License, Version 2.0: see LICENSE.

The container image holds the following besides. The file that is named has the licence's text inside the image.
This list is written by "npm run release -- notice".

TensorFlow ${versions}: Apache-2.0
  Copyright 2015 The TensorFlow Authors. All rights reserved.
  Its libraries, stripped and rewritten to load faster. They hold other works too.
  /app/dist/native/LICENSE, /app/dist/native/THIRD_PARTY_NOTICES.txt

Node.js: MIT
  Copyright Node.js contributors. All rights reserved.
  It holds other works too, among them V8, OpenSSL, ICU, libuv, zlib and undici.
  /usr/share/doc/node/LICENSE

GNU C Library (libc6): LGPL-2.1-or-later
  Copyright Free Software Foundation, Inc. Linked dynamically, unchanged, as Debian ships it; source: Debian's package glibc.
  /usr/share/doc/libc6/copyright

GCC's libraries (libgcc-s1, libstdc++6): GPL-3.0-or-later WITH GCC-exception-3.1
  Copyright Free Software Foundation, Inc. The exception allows their use with programs under any licence.
  /usr/share/doc/libgcc-s1/copyright, /usr/share/doc/libstdc++6/copyright

npm packages, bundled into the image's programs or compiled into its binding (texts: /app/dist/LICENSES.txt):

${packages.map(entry).join('\n')}`;
}

function entry({ name, version, licence, copyright }: Package): string {
  return [`${name} ${version}: ${licence}`, ...copyright.map((line) => `  ${line}`), ''].join('\n');
}
