import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { protocols } from '../../src/model/address.ts'
import { type FrontendId, frontendAddress, vipKey } from '../../src/model/frontend-id.ts'
import { ChainTree } from '../../src/render/iptables/chain-tree.ts'
import { vipSpace } from '../../src/render/iptables/key-space.ts'
import { packetsOf, ruleFor } from '../support/iptables-model.ts'
import { runs } from '../support/runs.ts'

const root = 'NODELB-VIPS'

function tree(): ChainTree {
  return new ChainTree({
    space: vipSpace('ipv4'),
    root,
    beginning: 'NODELB-V-',
    down: 'goto',
  })
}

function ruleOf(key: FrontendId): string {
  const { address, protocol, port } = frontendAddress(key)
  return `-d ${address}/32 -p ${protocol} -m ${protocol} --dport ${port} -g NODELB-S-${address}-${port}`
}

/** Near each other and far apart, many ports on one address, and few. */
const key = fc
  .tuple(
    fc.constantFrom('10.96.0.', '10.96.1.', '10.128.0.', '203.0.113.'),
    fc.oneof(fc.nat(255), fc.constant(1)),
    fc.constantFrom(...protocols),
    fc.oneof(fc.constant(80), fc.integer({ min: 1, max: 65_535 })),
  )
  .map(([net, host, protocol, port]) => vipKey(`${net}${host}`, protocol, port))

const batch = fc.array(fc.tuple(key, fc.boolean()), { maxLength: 60 })

describe('a tree of chains', () => {
  test('is the same however it came to be, and reports each chain that is different', () => {
    fc.assert(
      fc.property(fc.array(batch, { minLength: 1, maxLength: 6 }), (batches) => {
        const grown = tree()
        const kept = new Set<FrontendId>()
        const seen = new Map<string, readonly string[]>()
        for (const each of batches) {
          for (const [at, there] of each) there ? kept.add(at) : kept.delete(at)
          const rules = each.map(([at]) => [at, kept.has(at) ? ruleOf(at) : undefined] as const)
          for (const [name, { before, after }] of grown.update(new Map(rules))) {
            expect(seen.get(name)).toEqual(before)
            after === undefined ? seen.delete(name) : seen.set(name, after)
          }
          const once = tree()
          once.update(new Map([...kept].map((at) => [at, ruleOf(at)])))
          expect([...grown.chains()]).toEqual([...once.chains()])
          expect(seen).toEqual(new Map(grown.chains()))
        }
      }),
      { numRuns: runs(500) },
    )
  })

  test('keeps what is below a chain that comes above it', () => {
    const far = vipKey('203.0.113.1', 'tcp', 80)
    const near = Array.from({ length: 20 }, (_, n) => vipKey(`10.96.${n}.1`, 'tcp', 80))
    const grown = tree()
    grown.update(new Map(near.map((at) => [at, ruleOf(at)])))
    const before = new Map(grown.chains())
    grown.update(new Map([[far, ruleOf(far)]]))
    const once = tree()
    once.update(new Map([...near, far].map((at) => [at, ruleOf(at)])))
    expect([...grown.chains()]).toEqual([...once.chains()])
    grown.update(new Map([[far, undefined]]))
    expect(new Map(grown.chains())).toEqual(before)
  })

  test('leads a packet to the rule of its address and port, and any other to none', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { maxLength: 200 }), key, (keys, other) => {
        const grown = tree()
        grown.update(new Map(keys.map((at) => [at, ruleOf(at)])))
        const chains = new Map(grown.chains())
        for (const at of [...keys, other]) {
          const found = ruleFor(chains, root, packetsOf(at))
          expect(found).toBe(keys.includes(at) ? ruleOf(at) : undefined)
        }
        for (const rules of chains.values()) expect(rules.length).toBeLessThanOrEqual(16)
      }),
      { numRuns: runs(300) },
    )
  })

  test('one address more among ten thousand changes few chains', () => {
    const many = Array.from({ length: 10_000 }, (_, n) =>
      vipKey(`10.${96 + (n >> 16)}.${n >> 8}.${n & 255}`, 'tcp', 80),
    )
    const grown = tree()
    grown.update(new Map(many.map((at) => [at, ruleOf(at)])))
    fc.assert(
      fc.property(key, (at) => {
        fc.pre(!many.includes(at))
        const added = grown.update(new Map([[at, ruleOf(at)]]))
        const removed = grown.update(new Map([[at, undefined]]))
        expect(added.size).toBeLessThanOrEqual(20)
        expect([...removed.keys()].sort()).toEqual([...added.keys()].sort())
      }),
      { numRuns: runs(300) },
    )
  })
})
