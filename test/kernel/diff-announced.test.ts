import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Sources } from '../../src/cli/arguments.ts'
import { KernelResponder } from '../../src/dataplane/announce/kernel-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { apply, diff, type Said } from '../support/commands.ts'
import { NODE_MAC } from '../support/questions.ts'
import { ip, stationOf } from '../support/wire.ts'

/** What `nodelb diff` says about the table that answers on the LAN: n1 comes first for the address. */

const GOLDEN = new URL('../golden/explain/', import.meta.url).pathname
const OBJECTS = `${GOLDEN}announced-here.yaml`
const ADDRESS = '203.0.113.30'
const LONG = 600_000
const TABLE = 'netdev nodelb-announce'

const CONFIG = `
apiVersion: nodelb.io/v1alpha1
kind: NodelbConfiguration
announce:
  layer2:
    enabled: true
    excludeInterfaces: [^asker$, ^lo$]
`
const KEY = '    members: { keyFile: /etc/nodelb/members/secretkey }\n'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-diff-announced-'))
let responder: KernelResponder

beforeAll(async () => {
  enterNewNetwork()
  await ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'eth0')
  await ip('link', 'set', 'eth0', 'address', NODE_MAC, 'up')
  await ip('link', 'set', 'asker', 'up')
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  await nft('flush', 'ruleset')
  responder = new KernelResponder({ ownership: 'kernel' })
})
afterEach(async () => {
  await responder.remove()
  await responder.close()
})

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

interface Choice {
  readonly format?: Sources['format']
  readonly config?: string
  readonly files?: readonly string[]
}

function sourcesOf(node: string, choice: Choice = {}): Sources {
  const { format = 'text', config = CONFIG + KEY, files = [OBJECTS] } = choice
  const rest = { scope: undefined, backend: undefined, state: undefined, format }
  return { files, node, config: written('config.yaml', config), ...rest }
}

/** Returns what `diff` says on a node that holds the rules of the Services. */
async function differs(node: string, choice: Choice = {}): Promise<Said> {
  const sources = sourcesOf(node, choice)
  await apply(sources)
  const { lines, ...said } = await diff(sources)
  return { ...said, lines: lines.filter((line) => /announce/.test(line)) }
}

async function answer(addresses: readonly string[]): Promise<void> {
  const announced = { station: await stationOf('eth0'), addresses: new Set(addresses as Address[]) }
  await responder.revive(LONG)
  expect(await responder.program([announced], LONG)).toEqual({ kind: 'programmed', refused: [] })
}

/** The section on announcing behind a plan without operations. */
function section(lines: readonly string[]): string {
  const title = 'announced, assuming that all Nodes of the files run and are settled'
  const end = `${lines.length} operation${lines.length === 1 ? '' : 's'} of the agent: not of apply, and not counted by the exit code`
  return ['0 operations', '', title, ...lines.map((line) => `  ${line}`), end, ''].join('\n')
}

const NOTHING = { code: 0, out: '0 operations\n', lines: [] }

test('nothing, where the kernel answers as the objects ask', async () => {
  await answer([ADDRESS])
  expect(await differs('n1')).toEqual(NOTHING)
})

test('nothing, where another Node comes first and this one does not answer', async () => {
  await answer([])
  expect(await differs('n2')).toEqual(NOTHING)
})

test('an address for which this node should answer, and does not: no difference for scripts', async () => {
  await answer([])
  const out = section([`+ element ${TABLE} v4-eth0 { ${ADDRESS} }`])
  expect(await differs('n1')).toEqual({ ...NOTHING, out })
})

test('an address that this node holds in place of another', async () => {
  await answer([ADDRESS])
  const out = section([`- element ${TABLE} v4-eth0 { ${ADDRESS} }`])
  expect(await differs('n2')).toEqual({ ...NOTHING, out })
})

test('rules that others have changed', async () => {
  await answer([])
  await responder.close()
  await nft('add', 'rule', 'netdev', 'nodelb-announce', 'eth0', 'counter')
  const { code, out } = await differs('n2')
  expect(code).toBe(0)
  expect(out).toContain(`  - rules ${TABLE} eth0\n  + rule ${TABLE} eth0 `)
})

test('the whole table, where no agent has run', async () => {
  const { code, out, lines } = await differs('n1')
  expect({ code, lines }).toEqual({ code: 0, lines: [] })
  const operations = out.split('\n').filter((line) => line.startsWith('  '))
  expect(operations.slice(0, 6)).toEqual([
    `  + table ${TABLE}`,
    `  + set ${TABLE} alive`,
    `  + set ${TABLE} v4-eth0`,
    `  + set ${TABLE} v6-eth0`,
    `  + element ${TABLE} v4-eth0 { ${ADDRESS} }`,
    `  + chain ${TABLE} eth0 { type filter hook ingress device "eth0" priority -200; policy accept; }`,
  ])
  expect(operations.slice(6).every((line) => line.startsWith(`  + rule ${TABLE} eth0 `))).toBe(true)
})

test('that the switch is off, whatever the table holds', async () => {
  await answer([ADDRESS])
  await responder.close()
  await nft('flush', 'set', 'netdev', 'nodelb-announce', 'alive')
  const off = `nodelb: the switch of the table ${TABLE} is off: this node answers for no address until an agent runs`
  expect(await differs('n1')).toEqual({ ...NOTHING, lines: [off] })
})

test('that files without pools and advertisements do not say who announces', async () => {
  await answer([ADDRESS])
  const documents = readFileSync(OBJECTS, 'utf8').split('---\n')
  const ours = documents.filter((text) => !text.includes('metallb.io'))
  const files = [written('services.yaml', ours.join('---\n'))]
  const line =
    'nodelb: what is announced is not compared: there is no IPAddressPool and no L2Advertisement among the files, which say who announces what'
  expect(await differs('n1', { files })).toEqual({ ...NOTHING, lines: [line] })
})

test('that without a key no Node takes anything', async () => {
  await answer([])
  const { lines, ...said } = await differs('n1', { config: CONFIG })
  expect(said).toEqual({ code: 0, out: '0 operations\n' })
  expect(lines).toEqual([expect.stringContaining('not compared: announce.layer2.members.keyFile')])
})

test('for programs: the operations, and no word of it where nothing is announced', async () => {
  await answer([])
  const { out } = await differs('n1', { format: 'json' })
  const change = `+ element ${TABLE} v4-eth0 { ${ADDRESS} }`
  const announce = { problem: null, operations: [{ kind: 'add-elements', change }] }
  expect(JSON.parse(out)).toEqual({ operations: [], services: [], announce })
  const config = CONFIG.replace('true', 'false')
  const off = await differs('n1', { format: 'json', config })
  expect(JSON.parse(off.out)).toEqual({ operations: [], services: [] })
})
