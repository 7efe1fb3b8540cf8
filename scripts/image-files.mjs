// Copies what dist/nodelb.js needs at run time, and nothing else: the Dockerfile makes the image
// from it, test/house/package.test.ts runs it. Usage: image-files.mjs FOLDER
//
// Everything is in the bundle but two packages with native parts. Both come prebuilt for every
// platform they know, in the package (netlink) or as a package of its own (koffi); only the files
// for this machine's architecture are taken, and of koffi's those for glibc.
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { arch } = process
const koffi = `node_modules/@koromix/koffi-linux-${arch}`

const files = [
  'LICENSE',
  // Says that dist/nodelb.js is an ES module.
  'package.json',
  'dist/nodelb.js',
  'dist/THIRD-PARTY-NOTICES.txt',
  'node_modules/netlink/LICENSE',
  'node_modules/netlink/package.json',
  'node_modules/netlink/dist',
  `node_modules/netlink/prebuilds/linux-${arch}`,
  // Finds netlink's file among the prebuilt ones.
  'node_modules/node-gyp-build/LICENSE',
  'node_modules/node-gyp-build/package.json',
  'node_modules/node-gyp-build/index.js',
  'node_modules/node-gyp-build/node-gyp-build.js',
  'node_modules/koffi/LICENSE.txt',
  'node_modules/koffi/package.json',
  'node_modules/koffi/index.js',
  'node_modules/koffi/src/koffi/index.js',
  'node_modules/koffi/src/koffi/src/static.js',
  `${koffi}/package.json`,
  `${koffi}/index.js`,
  `${koffi}/linux_${arch}`,
]

const [folder, ...rest] = process.argv.slice(2)
if (folder === undefined || rest.length > 0) {
  console.error('usage: node scripts/image-files.mjs FOLDER')
  process.exit(2)
}
const missing = files.filter((file) => !existsSync(join(root, file)))
if (missing.length > 0) {
  console.error(`image-files: not there for ${process.platform} ${arch}: ${missing.join(', ')}`)
  process.exit(1)
}
for (const file of files) {
  cpSync(join(root, file), join(folder, file), {
    recursive: true,
    // What only a compiler or a debugger reads.
    filter: (path) => !/\.(d\.ts|map)$/.test(path),
  })
}
