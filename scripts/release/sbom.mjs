// Prints what the program is made of, as CycloneDX: npm's list of the production packages, without the serial
// number and the time, which differ from run to run. Usage: sbom.mjs VERSION
import { execFileSync } from 'node:child_process'

const [version] = process.argv.slice(2)
if (version === undefined) {
  console.error('usage: node scripts/release/sbom.mjs VERSION')
  process.exit(2)
}
const text = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--omit=dev'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
const { serialNumber: _, ...sbom } = JSON.parse(text)
const { timestamp: __, ...metadata } = sbom.metadata
metadata.component = { ...metadata.component, name: 'nodelb', version }
console.log(JSON.stringify({ ...sbom, metadata }, null, 2))
