import { describe, expect, test } from 'vitest'
import type { ServiceObject } from '../../src/model/service.ts'
import { operationCount } from '../../src/plan/nftables/operation.ts'
import { plan } from '../../src/plan/nftables/plan.ts'
import { rememberedFor } from '../../src/render/remembered-times.ts'
import { renderCluster } from '../../src/render/render.ts'
import { AFFINITY_CLIENTS, roomInSeat, setSchema } from '../../src/ruleset/nftables/set-schema.ts'
import type { Table } from '../../src/ruleset/nftables/types.ts'
import { makeCluster, makeSlices, node, settings } from '../bench/cluster.ts'

const SERVICES = 600
const ENDPOINTS = 20
/** What a time costs beyond the first: a chain of two rules for each seat, and one of one rule. */
const DAY = 86_400

/** All of them on the same pods, so that all of them use the same seats. */
function sticky(timeOf: (index: number) => number): Table {
  const size = { services: SERVICES, endpoints: ENDPOINTS, dualStack: false, external: false }
  const { services } = makeCluster(size)
  const cluster = {
    services: services.map(
      (service, at): ServiceObject => ({
        ...service,
        affinity: { kind: 'client-ip', seconds: timeOf(at) },
      }),
    ),
    slices: services.flatMap(({ name }) =>
      makeSlices(size, 0, ENDPOINTS).map((slice) => ({ ...slice, service: name, name })),
    ),
  }
  return renderCluster(cluster, node, settings).ruleset().ip as Table
}

const rulesIn = ({ chains }: Table): number =>
  [...chains.values()].reduce((sum, { rules }) => sum + rules.length, 0)
const operations = (table: Table): number => operationCount(plan({}, { ip: table }))

describe('600 Services with 600 timeouts, beside 600 with one', () => {
  const one = sticky(() => 10_800)
  // From 1 s to a day, so that all times in use are.
  const many = sticky((at) => Math.round(DAY ** (at / (SERVICES - 1))))

  test('have the same sets', () => {
    expect([...many.sets.keys()].sort()).toEqual([...one.sets.keys()].sort())
  })

  test('have rules for few times, and take not much more to commit', () => {
    expect(rulesIn(many) - rulesIn(one)).toBeLessThan(25 * (2 * ENDPOINTS + 1))
    expect(operations(many)).toBeLessThan(1.1 * operations(one))
  })

  test('lead a packet through the same rules', () => {
    const own = ([name]: readonly [string, unknown]): boolean => !/^(remember|crowded)-/.test(name)
    expect([...many.chains].filter(own)).toEqual([...one.chains].filter(own))
    for (const [name, { rules }] of many.chains) {
      if (name === 'translated') expect(rules).toHaveLength(1)
      if (name.startsWith('remember-')) expect(rules).toHaveLength(2)
      if (name.startsWith('crowded-')) expect(rules).toHaveLength(1)
    }
  })
})

describe('the time that clients are remembered for', () => {
  const asked = Array.from({ length: DAY }, (_, at) => at + 1)

  test('is one of few, never shorter than asked for, and longer by less than the next', () => {
    const times = new Set(asked.map(rememberedFor))
    expect(times.size).toBeLessThanOrEqual(25)
    for (const seconds of asked) {
      expect(rememberedFor(seconds)).toBeGreaterThanOrEqual(seconds)
      expect(rememberedFor(seconds)).toBeLessThan(2.5 * seconds + 1)
    }
  })

  test.each([1, 10, 15, 30, 60, 90, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY])(
    'is exact for %i s, which people write',
    (seconds) => {
      expect(rememberedFor(seconds)).toBe(seconds)
    },
  )
})

describe('room for clients', () => {
  test.each([1, 2, 3, 10, 20, 200, 1000])(
    'with %i endpoints is some, and not boundless',
    (seats) => {
      const room = Array.from({ length: seats }, (_, seat) => roomInSeat(seat, AFFINITY_CLIENTS))
      // Clients are spread evenly: the seat with the least room is full first.
      expect(seats * Math.min(...room)).toBeGreaterThanOrEqual(AFFINITY_CLIENTS)
      const most = AFFINITY_CLIENTS * (2 + Math.log2(seats))
      expect(room.reduce((sum, clients) => sum + clients, 0)).toBeLessThanOrEqual(most)
    },
  )

  test('is what the sets are declared with', () => {
    expect(setSchema('ip', 'affinity-5').learned?.size).toBe(AFFINITY_CLIENTS / 4)
  })
})
