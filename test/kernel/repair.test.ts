import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cleanupCommand } from '../../src/cli/cleanup.ts'
import { enterNewNetwork, nft, nftLoad } from '../apply/nftables/namespace.ts'
import { apply, diff, fixtureSources, run } from '../support/commands.ts'
import { sortedListing } from '../support/listing.ts'
import { damages } from './damages.ts'

// Two families, scope all, node ports, source ranges, affinity, hairpin, policy Local, rejects.
const sources = fixtureSources(
  [
    'session-affinity-dual-stack',
    'source-ranges-both-families',
    'dual-stack-node-port',
    'dual-stack-policy-local',
    'load-balancer-hairpin',
    'load-balancer-many-endpoints',
    'cluster-ip-without-endpoints',
  ],
  'text',
)

/** Tables of others: same names of chains and sets as ours, other families, rules at our hooks. */
const OTHERS = `
table ip mine {
  set services { type ipv4_addr; elements = { 203.0.113.10 comment "not nodelb's" } }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr @services tcp dport 80 dnat to 10.244.9.9:80
  }
}
table inet nodelb {
  map endpoints { type inet_service : ipv4_addr; elements = { 80 : 10.244.9.9 } }
  chain dispatch {
    counter packets 0 bytes 0
  }
}
table ip6 nodelb-2 {
  chain spread {
    type filter hook forward priority 0; policy accept;
    drop
  }
}
`
const tablesOfOthers = [
  ['ip', 'mine'],
  ['inet', 'nodelb'],
  ['ip6', 'nodelb-2'],
] as const

beforeAll(() => enterNewNetwork())

beforeEach(async () => {
  await nft('flush', 'ruleset')
  await nftLoad(OTHERS)
})

describe('what another program did to the tables is shown by diff and repaired by apply', () => {
  test.each(damages)('$title', async ({ commands, operations, shows }) => {
    await apply(sources)
    const before = sortedListing(await nft('list', 'ruleset'))
    for (const command of commands) await nft(await withHandles(command))
    const found = await diff(sources)
    expect(found.code, 'exit code of diff').toBe(1)
    expect(found.lines).toEqual([])
    const plan = grouped((await diff({ ...sources, format: 'json' })).out)
    for (const line of shows) expect(plan).toContain(line)
    const needed = await apply(sources)
    if (operations !== undefined) expect(needed, plan).toBe(operations)
    expect(found.out).toMatch(new RegExp(`\\b${needed} operations? in one transaction\\.$`, 'm'))
    expect(sortedListing(await nft('list', 'ruleset'))).toEqual(before)
    expect(await diff(sources)).toEqual({ code: 0, out: '0 operations\n', lines: [] })
    expect(await apply(sources)).toBe(0)
  })
})

interface Planned {
  readonly kind: string
  readonly owner: string | null
  readonly change: string
}

/** Returns the operations of a plan as text, below what they are of. */
function grouped(json: string): string {
  const { operations } = JSON.parse(json) as { readonly operations: readonly Planned[] }
  const groups = new Map<string, string[]>()
  for (const operation of operations) {
    const title = titleOf(operation)
    groups.set(title, [...(groups.get(title) ?? []), `  ${operation.change}\n`])
  }
  return [...groups].map(([title, lines]) => `${title}\n${lines.join('')}`).join('')
}

function titleOf({ kind, owner }: Planned): string {
  if (owner !== null) return owner
  if (kind.endsWith('-rule')) return 'rules'
  return kind.endsWith('-element') ? 'shared elements' : 'tables, sets and chains'
}

test('flush ruleset: all of ours comes back, nothing of others', async () => {
  await apply(sources)
  const ours = await ourTables()
  await nft('flush', 'ruleset')
  expect((await diff(sources)).code).toBe(1)
  await apply(sources)
  expect(sortedListing(await nft('list', 'ruleset'))).toEqual(ours)
  expect(await apply(sources)).toBe(0)
})

test("others' tables stay byte for byte the same, also through cleanup", async () => {
  const before = await othersTables()
  await apply(sources)
  await nft('delete table ip nodelb; flush chain ip6 nodelb spread')
  await apply(sources)
  expect(await othersTables()).toEqual(before)
  const cleaned = await run((_, output) => cleanupCommand(undefined, output), sources)
  expect(cleaned).toEqual({ code: 0, out: 'cleaned up: 2 tables removed\n', lines: [] })
  expect(await othersTables()).toEqual(before)
  expect(await nft('list', 'tables')).toBe('table ip mine\ntable inet nodelb\ntable ip6 nodelb-2\n')
  const again = await run((_, output) => cleanupCommand(undefined, output), sources)
  expect(again.out).toBe('cleaned up: nothing removed\n')
})

test('what the kernel remembers of clients stays', async () => {
  await apply(sources)
  const client = '192.0.2.7 . 203.0.113.76 . udp . 5060'
  await nft(`add element ip nodelb affinity-1 { ${client} timeout 1h }`)
  expect((await diff(sources)).out).toBe('0 operations\n')
  expect(await apply(sources)).toBe(0)
  expect(await nft('list', 'set', 'ip', 'nodelb', 'affinity-1')).toContain(client)
})

async function ourTables(): Promise<string[][]> {
  const tables = ['ip', 'ip6'].map((family) => nft('list', 'table', family, 'nodelb'))
  return sortedListing((await Promise.all(tables)).join(''))
}

function othersTables(): Promise<string[]> {
  return Promise.all(
    tablesOfOthers.map(([family, table]) => nft('-a', 'list', 'table', family, table)),
  )
}

/**
 * `HANDLE(chain: text)` becomes the handle of the first rule of ip nodelb's chain with that text.
 */
async function withHandles(command: string): Promise<string> {
  const wanted = /HANDLE\((\S+): (.*)\)/.exec(command)
  if (wanted === null) return command
  const [whole, chain = '', text = ''] = wanted
  const listed = await nft('-a', 'list', 'chain', 'ip', 'nodelb', chain)
  const rule = listed.split('\n').find((line) => line.includes(text) && line.includes('# handle'))
  const handle = rule === undefined ? undefined : /# handle (\d+)$/.exec(rule)?.[1]
  if (handle === undefined) throw new Error(`no rule with ${text} in ${listed}`)
  return command.replace(whole, `handle ${handle}`)
}
