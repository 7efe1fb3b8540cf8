// Prints what CHANGELOG.md says about a version, or about what is not released yet. Usage: notes.mjs VERSION
import { readFileSync } from 'node:fs'

const [version] = process.argv.slice(2)
const text = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')
const sections = text.split(/^## /m).slice(1)
const section = (name) => sections.find((each) => each.startsWith(`[${name}]`))
const found = section(version) ?? section('Unreleased')
if (version === undefined || found === undefined) {
  console.error('usage: node scripts/release/notes.mjs VERSION, which CHANGELOG.md names')
  process.exit(2)
}
console.log(found.slice(found.indexOf('\n') + 1).trim())
