import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-walls-'))

beforeAll(() => {
  const config = JSON.parse(readFileSync(`${root}biome.json`, 'utf8')) as object
  writeFileSync(`${folder}/biome.json`, JSON.stringify({ ...config, vcs: { enabled: false } }))
  copyFileSync(`${root}biome.imports.json`, `${folder}/biome.imports.json`)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the linter says to a file of that name that imports that. */
async function lint(file: string, name: string): Promise<string> {
  mkdirSync(join(folder, dirname(file)), { recursive: true })
  writeFileSync(join(folder, file), `import { x } from '${name}'\nx()\n`)
  const args = ['lint', '--colors=off', '--only=style/noRestrictedImports', file]
  const biome = `${root}node_modules/.bin/biome`
  const { stdout, stderr } = await execa(biome, args, { cwd: folder, reject: false })
  return stdout + stderr
}

test.each<{ file: string; name: string; says: string }>([
  { file: 'src/model/x.ts', name: 'zod', says: 'needs no other folder. It may import ipaddr.js' },
  { file: 'src/ruleset/nftables/x.ts', name: '../../plan/explain.ts', says: 'knows no Services' },
  { file: 'src/render/x.ts', name: '../plan/explain.ts', says: 'src/render is pure' },
  {
    file: 'src/render/iptables/x.ts',
    name: '../../ruleset/nftables/sets.ts',
    says: 'It may import model, frontend, ruleset/iptables, render (',
  },
  { file: 'src/render/x.ts', name: 'node:fs', says: 'src/render is pure' },
  { file: 'src/plan/x.ts', name: '../render/renderer.ts', says: 'src/plan is pure' },
  { file: 'src/trace/ipvs/x.ts', name: '../../render/renderer.ts', says: 'by itself' },
  { file: 'src/apply/nftables/x.ts', name: '../../render/renderer.ts', says: 'never renders' },
  { file: 'src/apply/nftables/x.ts', name: 'netlink/dist/raw.js', says: 'takes a plan' },
  { file: 'src/apply/netlink/x.ts', name: '../nftables/comment.ts', says: 'takes a plan' },
  { file: 'src/apply/iptables/process.ts', name: 'execa', says: 'It may import model' },
  { file: 'src/apply/netlink/open-raw.ts', name: 'koffi', says: 'netlink/dist/raw.js' },
  { file: 'src/watch/x.ts', name: '../render/renderer.ts', says: 'never renders or applies' },
  { file: 'src/config/x.ts', name: 'node:fs', says: 'opens no files' },
  { file: 'src/telemetry/x.ts', name: '../model/node.ts', says: 'knows nothing of ours' },
  { file: 'src/dataplane/x.ts', name: '../watch/source.ts', says: 'who gets its news' },
  { file: 'src/agent/x.ts', name: '../cli/load.ts', says: 'src/cli is above it' },
  { file: 'src/agent/x.ts', name: 'node:child_process', says: 'through src/apply' },
  { file: 'src/cli/x.ts', name: 'node:http', says: 'none of its business' },
])('the linter refuses $name in $file, and says why', async ({ file, name, says }) => {
  const said = await lint(file, name)
  expect(said).toContain('noRestrictedImports')
  expect(said.replace(/\s+/g, ' ')).toContain(says)
})

test.each([
  ['src/model/x.ts', 'ipaddr.js'],
  ['src/render/x.ts', '../ruleset/nftables/sets.ts'],
  ['src/render/iptables/x.ts', '../served-services.ts'],
  ['src/apply/iptables/process.ts', 'node:child_process'],
  ['src/apply/netlink/open-raw.ts', 'netlink/dist/raw.js'],
  ['src/apply/netlink/socket-options.ts', 'node:fs'],
  ['src/agent/x.ts', '../dataplane/session.ts'],
  ['src/cli/x.ts', '../config/settings.ts'],
])('%s may import %s', async (file, name) => {
  const said = await lint(file, name)
  expect(said).toContain('Checked 1 file')
  expect(said).not.toContain('noRestrictedImports')
})

test.each([
  ['src/agent/x.ts', 'a promise that is not awaited', 'later()', 'noFloatingPromises'],
  ['scripts/x.mjs', 'a promise that is not awaited', 'later()', 'noFloatingPromises'],
  ['src/agent/y.ts', 'a promise that is thrown away', 'void later()', 'noVoid'],
  ['src/cli/x.ts', 'a promise as a condition', 'if (later()) later.name', 'noMisusedPromises'],
])('the linter refuses in %s %s', async (file, _what, statement, rule) => {
  mkdirSync(join(folder, dirname(file)), { recursive: true })
  const text = `async function later() {\n  await 0\n}\n${statement}\n`
  writeFileSync(join(folder, file), text)
  const biome = `${root}node_modules/.bin/biome`
  const options = { cwd: folder, reject: false }
  const { stdout, stderr, exitCode } = await execa(biome, ['lint', '--colors=off', file], options)
  expect(stdout + stderr).toContain(rule)
  expect(exitCode).toBe(1)
})

const LONG = `export function f(): void {\n${'  f()\n'.repeat(41)}}\n`
const BLANK = `${'\n'.repeat(250)}export const x = 1\n`
const CYCLE = "import type { Y } from './size-of-y.ts'\nexport type X = Y | undefined\n"

test.each([
  ['a function of 41 lines', LONG, 'noExcessiveLinesPerFunction'],
  ['a file of 251 lines, blank ones counted', BLANK, 'noExcessiveLinesPerFile'],
  ['five parameters', 'export type F = (a: 1, b: 1, c: 1, d: 1, e: 1) => 1\n', 'useMaxParams'],
  ['files that import types of each other', CYCLE, 'noImportCycles'],
])('the linter refuses %s', async (_what, text, rule) => {
  mkdirSync(join(folder, 'src/agent'), { recursive: true })
  writeFileSync(join(folder, 'src/agent/size-of-x.ts'), text)
  const back = "import type { X } from './size-of-x.ts'\nexport type Y = X | 1\n"
  writeFileSync(join(folder, 'src/agent/size-of-y.ts'), back)
  const biome = `${root}node_modules/.bin/biome`
  const args = ['lint', '--colors=off', 'src/agent/size-of-x.ts']
  const { stdout, stderr, exitCode } = await execa(biome, args, { cwd: folder, reject: false })
  expect(stdout + stderr).toContain(rule)
  expect(exitCode).toBe(1)
})
