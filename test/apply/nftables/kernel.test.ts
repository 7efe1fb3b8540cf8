import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Reply, Request } from '../../../src/apply/netlink/message.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import {
  decodeChain,
  decodeElements,
  decodeRule,
  decodeSet,
  decodeTable,
  listChains,
  listElements,
  listRules,
  listSets,
  listTables,
} from '../../../src/apply/nftables/decode.ts'
import { type EncodeOptions, encodePlan } from '../../../src/apply/nftables/encode.ts'
import { ruleDigest } from '../../../src/apply/nftables/identify.ts'
import type { TableFamily } from '../../../src/model/family.ts'
import type { Tuple } from '../../../src/model/tuple.ts'
import type { Plan } from '../../../src/plan/nftables/operation.ts'
import { printRuleset } from '../../../src/ruleset/nftables/print.ts'
import type { Rule, SetSchema } from '../../../src/ruleset/nftables/types.ts'
import { enterNewNetwork, nft, nftLoad } from './namespace.ts'
import { creation, SAMPLE_RULES, sampleSets, sampleTable } from './sample.ts'

/** What we send over netlink against what nft makes of the same text, in a network of our own. */

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']
let socket: NetlinkSocket

beforeAll(() => {
  enterNewNetwork()
  socket = NetlinkSocket.open()
})
beforeEach(async () => {
  await nft('flush', 'ruleset')
})
afterAll(() => socket.close())

async function commit(plan: Plan, options?: EncodeOptions): Promise<void> {
  expect(await socket.transact(encodePlan(plan, options).requests, 0)).toEqual({
    kind: 'committed',
  })
}

async function read(request: Request): Promise<readonly Reply[]> {
  return (await socket.dump(request)).replies
}

async function elementsOf(
  family: TableFamily,
  set: SetSchema,
): Promise<ReadonlyMap<Tuple, unknown>> {
  return decodeElements(await read(listElements(family, 'nodelb', set.name)), set)
}

describe.each(FAMILIES)('table %s', (family) => {
  it('is listed by nft like the same text loaded by nft', async () => {
    const table = sampleTable(family, SAMPLE_RULES)
    await nftLoad(printRuleset({ [family]: table }))
    const expected = await nft('list', 'ruleset')
    await nft('flush', 'ruleset')
    await commit(creation(table))
    expect(sortElements(await nft('list', 'ruleset'))).toBe(sortElements(expected))
  })

  it.each(['netlink', 'nft'])('is read back as it was sent over %s', async (how) => {
    const table = sampleTable(family, [PORTS_ONLY])
    if (how === 'nft') await nftLoad(printRuleset({ [family]: table }))
    else await commit(creation(table), { oneElementPerMessage: true })
    const sets = (await read(listSets(family, 'nodelb'))).map(decodeSet)
    expect(sets.filter((set) => set.anonymous).length).toBe(1)
    const named = sets.filter((set) => !set.anonymous).map((set) => set.schema)
    expect(new Map(named.map((set) => [set.name, set]))).toEqual(table.sets)
    for (const [name, elements] of table.elements) {
      const set = table.sets.get(name) as SetSchema
      expect(await elementsOf(family, set)).toEqual(elements)
    }
    const chains = (await read(listChains(family))).map(decodeChain)
    expect(chains.sort(byName)).toEqual(
      [...table.chains.values()].sort(byName).map(({ name, base }) => ({
        table: 'nodelb',
        name,
        ...(base === undefined ? {} : { base }),
      })),
    )
    expect((await read(listTables())).map(decodeTable)).toMatchObject([{ family, name: 'nodelb' }])
  })

  it('has rules with the digests of those that were sent, all different', async () => {
    const rules = SAMPLE_RULES
    await commit(creation(sampleTable(family, rules)))
    const found = (await read(listRules(family, 'nodelb'))).map(decodeRule)
    const digests = rules.map((rule) => ruleDigest(family, rule))
    expect(found.map((rule) => rule.digest)).toEqual(digests)
    expect(new Set(digests).size).toBe(rules.length)
  })

  it('has the same digests when nft wrote the rules', async () => {
    const rules = SAMPLE_RULES
    await nftLoad(printRuleset({ [family]: sampleTable(family, rules) }))
    const found = (await read(listRules(family, 'nodelb'))).map(decodeRule)
    expect(found.map((rule) => rule.digest)).toEqual(rules.map((rule) => ruleDigest(family, rule)))
  })

  it('can be taken down piece by piece', async () => {
    const table = sampleTable(family, SAMPLE_RULES)
    await commit(creation(table))
    const rules = (await read(listRules(family, 'nodelb'))).map(decodeRule)
    await commit([
      ...rules.map(
        ({ chain, handle }) => ({ kind: 'delete-rule', family, chain, handle, text: '' }) as const,
      ),
      ...[...table.elements].flatMap(([name, elements]) =>
        [...elements].map(([key, value]) => {
          const set = table.sets.get(name) as SetSchema
          return { kind: 'delete-element', family, set, key, value } as const
        }),
      ),
    ])
    for (const set of sampleSets(family)) expect((await elementsOf(family, set)).size).toBe(0)
    await commit([
      ...[...table.sets.keys()].map((set) => ({ kind: 'delete-set', family, set }) as const),
      ...[...table.chains.keys()].map(
        (chain) => ({ kind: 'delete-chain', family, chain }) as const,
      ),
    ])
    expect(await nft('list', 'ruleset')).toBe(`table ${family} nodelb {\n}\n`)
    await commit([{ kind: 'delete-table', family }])
    expect(await nft('list', 'ruleset')).toBe('')
  })

  it('puts a rule before another', async () => {
    const [first, second] = [SAMPLE_RULES[9], SAMPLE_RULES[11]]
    if (first === undefined || second === undefined) throw new Error('sample')
    await commit(creation(sampleTable(family, [second])))
    const handle = decodeRule((await read(listRules(family, 'nodelb')))[0] as Reply).handle
    await commit([
      {
        kind: 'add-rule',
        family,
        chain: 'rules',
        rule: first,
        position: { kind: 'before', handle },
      },
    ])
    const found = (await read(listRules(family, 'nodelb'))).map(decodeRule)
    expect(found.map((rule) => rule.digest)).toEqual(
      [first, second].map((rule) => ruleDigest(family, rule)),
    )
  })

  it('lets one of two adjacent intervals go', async () => {
    const set = sampleSets(family).find(({ name }) => name === 'pod-ranges') as SetSchema
    const [low, high] = (
      family === 'ip' ? ['10.0.0.0/24', '10.0.1.0/24'] : ['fd00::/64', 'fd00:0:0:1::/64']
    ) as [Tuple, Tuple]
    const element = (kind: 'add-element' | 'delete-element', key: Tuple) =>
      ({ kind, family, set, key, value: {} }) as const
    await commit([
      { kind: 'add-table', family },
      { kind: 'add-set', family, set },
      element('add-element', high),
    ])
    await commit([element('add-element', low)])
    expect([...(await elementsOf(family, set)).keys()].sort()).toEqual([low, high].sort())
    await commit([element('delete-element', low)])
    expect([...(await elementsOf(family, set)).keys()]).toEqual([high])
    await commit([element('add-element', low)])
    await commit([element('delete-element', high)])
    expect([...(await elementsOf(family, set)).keys()]).toEqual([low])
  })
})

describe('what others wrote', () => {
  it('differs from everything we want', async () => {
    await nftLoad(`table ip nodelb {
      set marks { type mark; elements = { 1 } }
      set ports { type ipv4_addr; timeout 1h; }
      set small { type ipv4_addr; size 10; }
      map verdicts { type ipv4_addr : verdict; elements = { 10.0.0.1 : drop } }
      set ranges { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 255.255.255.255 } }
      chain input { type filter hook input priority 0; policy drop; counter limit rate 5/second accept
      }
    }
    table inet other {
    }`)
    const sets = (await read(listSets('ip', 'nodelb'))).map(decodeSet)
    const keys = Object.fromEntries(sets.map(({ schema }) => [schema.name, schema.key.join()]))
    expect(keys).toMatchObject({
      marks: expect.stringMatching(/unknown/),
      ports: expect.stringMatching(/unknown/),
      small: expect.stringMatching(/unknown/),
      ranges: 'ipv4_addr',
    })
    const verdicts = sets.find(({ schema }) => schema.name === 'verdicts')?.schema as SetSchema
    expect([...(await elementsOf('ip', verdicts))]).toEqual([['10.0.0.1', { data: 'verdict 0 ' }]])
    for (const { schema } of sets) await elementsOf('ip', schema)
    const ranges = sets.find(({ schema }) => schema.name === 'ranges')?.schema as SetSchema
    expect([...(await elementsOf('ip', ranges)).keys()]).toEqual(['10.0.0.0/8', '255.255.255.255'])
    const chain = decodeChain((await read(listChains('ip')))[0] as Reply)
    expect(chain.base).toEqual({ type: 'filter, policy 0', hook: 'hook 1', priority: 0 })
    expect(decodeRule((await read(listRules('ip', 'nodelb')))[0] as Reply).digest).toMatch(/limit/)
    expect((await read(listTables())).map(decodeTable)).toMatchObject([
      { family: 'ip', name: 'nodelb' },
      { name: 'other' },
    ])
  })
})

describe('a rejected plan', () => {
  it('names the element', async () => {
    const set: SetSchema = { name: 'cluster-ips', key: ['ipv4_addr'] }
    const keys = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as Tuple[]
    await commit([
      { kind: 'add-table', family: 'ip' },
      { kind: 'add-set', family: 'ip', set },
      { kind: 'add-element', family: 'ip', set, key: keys[0] as Tuple, value: {} },
    ])
    const plan: Plan = keys.map((key) => ({
      kind: 'delete-element',
      family: 'ip',
      set,
      key,
      value: {},
    }))
    const { requests, operations } = encodePlan(plan, { oneElementPerMessage: true })
    const outcome = await socket.transact(requests, 0)
    if (outcome.kind !== 'rejected') throw new Error(outcome.kind)
    expect(outcome.failures.map(({ index }) => operations[index])).toEqual([
      { from: 1, count: 1 },
      { from: 2, count: 1 },
    ])
    expect(encodePlan(plan).operations).toEqual([{ from: 0, count: 3 }])
  })
})

const PORTS_ONLY: Rule = { statements: [{ kind: 'has-ports' }] }

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1
}

/** The kernel's hash order cannot be known. */
function sortElements(listing: string): string {
  return listing.replace(/elements = \{([^}]*)\}/g, (_all, list: string) => {
    const elements = list.split(',').map((element) => element.trim())
    return `elements = { ${elements.sort().join(', ')} }`
  })
}
