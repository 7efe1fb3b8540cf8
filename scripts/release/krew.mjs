// Prints the manifest by which krew, the manager of kubectl's plugins, installs `kubectl nodelb`. It names the
// archives of a release in a folder, one for each architecture, and where they will be downloaded from.
//
// Usage: krew.mjs VERSION URL FOLDER
//   krew.mjs 0.2.0 https://downloads.example.com/nodelb/v0.2.0 release >nodelb.yaml
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

const [version, url, folder, ...rest] = process.argv.slice(2)
if (folder === undefined || rest.length > 0) {
  console.error('usage: node scripts/release/krew.mjs VERSION URL FOLDER')
  process.exit(2)
}

/** What Node.js and Go call the same architecture. */
const architectures = { x64: 'amd64', arm64: 'arm64' }

const platforms = Object.entries(architectures).flatMap(([ofNode, ofGo]) => {
  const name = `nodelb-${version}-linux-${ofNode}`
  const archive = join(folder, `${name}.tar.gz`)
  if (!existsSync(archive)) return []
  return {
    selector: { matchLabels: { os: 'linux', arch: ofGo } },
    uri: `${url}/${name}.tar.gz`,
    sha256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
    files: [{ from: `${name}/*`, to: '.' }],
    bin: 'dist/nodelb.js',
  }
})
if (platforms.length === 0) {
  console.error(`krew: ${folder} has no archive of nodelb ${version}`)
  process.exit(1)
}

const manifest = {
  apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
  kind: 'Plugin',
  metadata: { name: 'nodelb' },
  spec: {
    version: `v${version}`,
    shortDescription: 'See who serves and announces load-balancer addresses',
    description: [
      'Reads the API server alone and changes nothing: agents, pools, Services with an address,',
      'who announces them, what needs a person, who takes over when a Node is drained, and where',
      'a packet should go on a Node.',
    ].join('\n'),
    caveats: 'Needs Node.js 20.19 or later in the PATH.',
    platforms,
  },
}
process.stdout.write(stringify(manifest))
