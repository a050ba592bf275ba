// Makes the server with esbuild: dist/main.js, which has TensorFlow's libraries loaded (preload.js) while the rest is read
// (program.js), and what is seldom needed. The same sources make the same bytes.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext } from './context.js';
import { hashInputs, isDone, markDone } from './stamp.js';

/** @typedef {import('./context.js').Context} Context */

/**
 * Each a file of its own, by its name in dist/. What only some servers need, such as OpenTelemetry's SDK, is as large as the
 * rest together, and read when it is needed.
 */
const ENTRIES = {
  main: 'function/bundled.ts',
  preload: 'function/native/preload.ts',
  program: 'function/program.ts',
  opentelemetry: 'function/telemetry/opentelemetry.ts',
};

/** @param {Context} context */
function inputsOf(context) {
  const folder = join(context.root, 'function');
  const sources = /** @type {string[]} */ (readdirSync(folder, { recursive: true }))
    .filter((name) => !/^(fixtures|testing)|\.test\.ts$/.test(name) && /\.(ts|html|css|json)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
  const ours = ['package.json', 'package-lock.json'].map((name) => join(context.root, name));
  return hashInputs({}, [...sources, ...ours, fileURLToPath(import.meta.url)]);
}

/** @param {Context} context */
export async function bundleServer(context) {
  const inputs = inputsOf(context);
  if (isDone(context, 'bundle', inputs)) return;
  context.say('bundling the server');
  // Only here, since it is there only after npm's packages are installed.
  const { build } = await import('esbuild');
  const partial = join(context.dist, 'bundle.partial');
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(context.root, 'package.json'), 'utf8'));
  // esbuild splits no CommonJS.
  const apart = {
    name: 'apart',
    /** @param {import('esbuild').PluginBuild} plugin */
    setup: (plugin) => {
      for (const [name, entry] of Object.entries(ENTRIES)) {
        plugin.onResolve({ filter: new RegExp(`/${basename(entry, '.ts')}\\.ts$`) }, ({ kind }) =>
          kind === 'entry-point' ? undefined : { path: `./${name}.js`, external: true },
        );
      }
    },
  };
  const { metafile } = await build({
    absWorkingDir: context.root,
    entryPoints: ENTRIES,
    outdir: partial,
    entryNames: '[name]',
    plugins: [apart],
    bundle: true,
    platform: 'node',
    target: 'node22',
    // An ES module that imports node:http reads all its exports, and so loads undici and WebSocket: 20 ms and more.
    format: 'cjs',
    // A script of vm (function/bundled.ts) may import() nothing without a warning of Node's: each becomes a require().
    supported: { 'dynamic-import': false },
    loader: { '.html': 'text', '.css': 'text' },
    define: {
      'process.env.CELSIUSIFY_VERSION': JSON.stringify(version),
      'import.meta.dirname': '__dirname',
    },
    legalComments: 'none',
    metafile: true,
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'silent',
  });
  // The image has dist/ without the repository's package.json.
  writeFileSync(join(partial, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(partial, 'LICENSES.txt'), licensesOf(context, Object.keys(metafile.inputs)));
  const results = readdirSync(partial);
  rmSync(join(context.dist, 'program.code'), { force: true }); // V8's, of another program.js
  for (const name of results) renameSync(join(partial, name), join(context.dist, name));
  rmSync(partial, { recursive: true });
  markDone(
    context,
    'bundle',
    inputs,
    results.map((name) => join('dist', name)),
  );
}

/**
 * The licences of the packages in the bundle, which ask to be kept with it.
 *
 * @param {Context} context
 * @param {string[]} files in the bundle
 */
function licensesOf({ root }, files) {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? '.');
  return [...new Set(folders)]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const text = readdirSync(join(root, folder)).find((file) => /^licen[cs]e/i.test(file));
      const terms = text ? readFileSync(join(root, folder, text), 'utf8').trim() : `${license}`;
      return `${name} ${version}\n\n${terms}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundleServer(createContext()).catch((error) => {
    process.stderr.write(`bundle: ${error.message}\n`);
    process.exitCode = 1;
  });
}
