// Which C library Node runs on.

/** Version of the C library, such as "2.36"; undefined on musl. */
export function glibcVersion() {
  if (!process.report) return undefined;
  // Reverse look-ups of open sockets would take time. (Node's types do not know this option yet.)
  Object.assign(process.report, { excludeNetwork: true });
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header?.glibcVersionRuntime;
}

/**
 * @param {string} version such as "2.9"
 * @param {string} than
 */
export function isOlder(version, than) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
