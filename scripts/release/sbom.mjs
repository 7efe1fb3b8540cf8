// Prints what the program is made of, as CycloneDX: npm's list of all packages, of which those stay that the
// lockfile does not call development's. (With --omit=dev npm 11 also leaves out packages that development needs
// as well.) The serial number and the time differ from run to run, and are left out. Usage: sbom.mjs VERSION
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const [version] = process.argv.slice(2)
if (version === undefined) {
  console.error('usage: node scripts/release/sbom.mjs VERSION')
  process.exit(2)
}
const read = (name) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
const production = new Set(
  Object.entries(read('package-lock.json').packages)
    .filter(([, { dev, devOptional }]) => !dev && !devOptional)
    .map(([path, each]) => `${path.replace(/.*node_modules\//, '')}@${each.version}`),
)
const { name } = read('package.json')
const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }
const { serialNumber: _, ...sbom } = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format=cyclonedx'], options),
)
const { timestamp: __, ...metadata } = sbom.metadata
const root = metadata.component['bom-ref']
const stays = (ref) => ref === root || production.has(ref)
const printed = {
  ...sbom,
  metadata: { ...metadata, component: { ...metadata.component, name, version } },
  components: sbom.components.filter((each) => stays(each['bom-ref'])),
  dependencies: sbom.dependencies
    .filter(({ ref }) => stays(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(stays) })),
}
console.log(JSON.stringify(printed, null, 2))
