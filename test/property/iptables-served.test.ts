import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ServedFrontends } from '../../src/frontend/frontend-change.ts'
import type { Address } from '../../src/model/address.ts'
import { servedByTables } from '../../src/plan/nftables/served.ts'
import { createChains, takeChainChanges } from '../../src/render/iptables/render.ts'
import { frontendChanges } from '../../src/render/iptables/served.ts'
import { renderCluster } from '../../src/render/render.ts'
import { change, keptObjects } from '../support/changes.ts'
import { node, settings } from '../support/random-cluster.ts'
import { runs } from '../support/runs.ts'

/** Every frontend that leads somewhere, with its endpoints. */
function leading(served: ServedFrontends): Map<string, readonly string[]> {
  return new Map(
    [...served.all()].map((each) => [
      `${each.family} ${each.id}`,
      [...served.endpoints(each)].sort(),
    ]),
  )
}

function named(served: ServedFrontends): ReadonlySet<string> {
  return new Set([...served.every()].map(({ family, id }) => `${family} ${id}`))
}

const changes = fc.array(change, { maxLength: 20 })

test('chains lead where tables lead that serve the same objects', () => {
  fc.assert(
    fc.property(changes, settings, (steps, chosen) => {
      const chains = createChains(node, chosen)
      const objects = keptObjects()
      for (const each of steps) {
        each(chains.services)
        each(objects)
      }
      takeChainChanges(chains)
      const mine = chains.lowering.served()
      const theirs = servedByTables(renderCluster(objects.cluster(), node, chosen).ruleset())
      expect([...leading(mine)].sort()).toEqual([...leading(theirs)].sort())
      for (const each of theirs.all()) expect(mine.has(each)).toBe(true)
      const isPort = ({ id }: { id: string }): boolean => id.split(' . ').length === 2
      for (const { family } of [...theirs.all()].filter(isPort)) {
        const addresses = family === 'ip' ? ['192.0.2.1', '198.51.100.1'] : ['2001:db8:1::1', '::1']
        for (const address of addresses as Address[]) {
          const answers = theirs.answersNodePorts(family, address)
          expect(mine.answersNodePorts(family, address), address).toBe(answers)
        }
      }
    }),
    { numRuns: runs(500) },
  )
})

test('what changes is told once, with where it led before and leads now', () => {
  fc.assert(
    fc.property(changes, settings, (steps, chosen) => {
      const chains = createChains(node, chosen)
      const { services, lowering } = chains
      let before = leading(lowering.served())
      let known = named(lowering.served())
      for (const each of steps) {
        each(services)
        const told = frontendChanges(takeChainChanges(chains).fronts)
        const after = leading(lowering.served())
        const names = [...new Set([...before.keys(), ...after.keys()])]
        const different = names.filter(
          (name) => before.get(name)?.join() !== after.get(name)?.join(),
        )
        const byName = new Map(told.map((one) => [`${one.family} ${one.id}`, one]))
        expect(byName.size).toBe(told.length)
        expect(different.filter((name) => !byName.has(name))).toEqual([])
        for (const [name, one] of byName) {
          const [was, is] = [before.get(name) ?? [], after.get(name) ?? []]
          expect([...one.gone].sort()).toEqual(was.filter((endpoint) => !is.includes(endpoint)))
          expect([one.before.leads, one.after.leads]).toEqual([was.length > 0, is.length > 0])
          // It leads elsewhere, or has come.
          if (different.includes(name) || !known.has(name)) continue
          // It went from one Service to another.
          expect(one.before.label).toBeDefined()
          expect(one.after.label).toBeDefined()
          expect(one.before.label).not.toBe(one.after.label)
        }
        before = after
        known = named(lowering.served())
      }
    }),
    { numRuns: runs(500) },
  )
})
