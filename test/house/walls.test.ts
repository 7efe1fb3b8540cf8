import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  { file: 'src/model/x.ts', name: 'zod', says: 'import nothing but ipaddr.js' },
  { file: 'src/ruleset/x.ts', name: '../plan/plan.ts', says: 'import only src/model' },
  { file: 'src/render/x.ts', name: '../plan/plan.ts', says: 'only src/model and src/ruleset' },
  { file: 'src/render/x.ts', name: 'node:fs', says: 'src/render is pure' },
  { file: 'src/plan/x.ts', name: '../render/frame.ts', says: 'src/plan is pure' },
  { file: 'src/trace/x.ts', name: '../render/frame.ts', says: 'src/trace is pure' },
  { file: 'src/apply/nftables/x.ts', name: '../../render/frame.ts', says: 'never src/render' },
  { file: 'src/apply/nftables/x.ts', name: 'netlink', says: 'netlink/open-raw.ts alone' },
  { file: 'src/apply/iptables/x.ts', name: 'execa', says: 'takes a plan to the kernel' },
  {
    file: 'src/apply/iptables/process.ts',
    name: 'execa',
    says: 'the only file that starts processes',
  },
  { file: 'src/apply/iptables/programs.ts', name: 'execa', says: 'looks for programs' },
  { file: 'src/apply/iptables/legacy-tables.ts', name: 'execa', says: 'about the legacy tables' },
  {
    file: 'src/apply/netlink/open-raw.ts',
    name: 'koffi',
    says: 'the only file that imports netlink',
  },
  { file: 'src/watch/x.ts', name: '../render/frame.ts', says: 'never what renders or applies' },
  { file: 'src/agent/x.ts', name: '../cli/load.ts', says: 'src/cli is above it' },
  { file: 'src/agent/x.ts', name: 'node:child_process', says: 'through src/apply only' },
  { file: 'src/cli/x.ts', name: 'node:http', says: 'none of its business' },
])('the linter refuses $name in $file, and says why', async ({ file, name, says }) => {
  const said = await lint(file, name)
  expect(said).toContain('noRestrictedImports')
  expect(said.replace(/\s+/g, ' ')).toContain(says)
})

test.each([
  ['src/model/x.ts', 'ipaddr.js'],
  ['src/render/x.ts', '../ruleset/sets.ts'],
  ['src/apply/iptables/process.ts', 'node:child_process'],
  ['src/apply/netlink/open-raw.ts', 'netlink'],
  ['src/apply/netlink/socket-options.ts', 'node:fs'],
  ['src/agent/x.ts', '../render/frame.ts'],
  ['src/cli/x.ts', 'node:fs'],
])('%s may import %s', async (file, name) => {
  const said = await lint(file, name)
  expect(said).toContain('Checked 1 file')
  expect(said).not.toContain('noRestrictedImports')
})

test.each([
  ['src/agent/x.ts', 'a promise that nobody awaits', 'later()', 'noFloatingPromises'],
  ['scripts/x.mjs', 'a promise that nobody awaits', 'later()', 'noFloatingPromises'],
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
