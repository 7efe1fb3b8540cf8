// Makes dist/nodelb.js: the whole program in one file, except the two packages with native parts; and
// beside it the licences of what is in it.
import { chmodSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { noticesOf } from './notices.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const outfile = 'dist/nodelb.js'

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['netlink', 'koffi'],
  // The text stays in memory. Names stay too: they tell in a report of a bug where it happened.
  minifyWhitespace: true,
  minifySyntax: true,
  banner: {
    // Bundled CommonJS packages call require(), which an ES module has to make for itself.
    js: [
      '#!/usr/bin/env -S node --max-semi-space-size=4 --heap-growing-percent=50',
      "import { createRequire as createRequireForBundle } from 'node:module'",
      'const require = createRequireForBundle(import.meta.url)',
    ].join('\n'),
  },
  logLevel: 'warning',
  metafile: true,
})
chmodSync(`${root}${outfile}`, 0o755)
writeFileSync(`${root}dist/THIRD-PARTY-NOTICES.txt`, noticesOf(metafile, root))
