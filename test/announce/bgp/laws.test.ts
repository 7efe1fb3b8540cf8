import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { communityTexts, parseCommunity } from '../../../src/announce/bgp/community.ts'
import { decideBgp } from '../../../src/announce/bgp/decide.ts'
import type { BgpObjects } from '../../../src/announce/bgp/objects.ts'
import { printBgpWhy } from '../../../src/announce/bgp/why.ts'
import type { AnnouncerNode } from '../../../src/announce/objects.ts'
import { cidrContains, familyOf } from '../../../src/model/address.ts'
import { present } from '../../../src/model/present.ts'
import { select } from '../objects.ts'
import { nodes, worlds } from '../random-worlds.ts'
import { at, bgpAdvertisement, community, peer, profile, settings } from './objects.ts'

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 1 })
const selectors = maybe(
  fc.array(
    fc.constantFrom('a', 'b').map((zone) => select({ zone })),
    { minLength: 1, maxLength: 2 },
  ),
)
const names = fc.subarray(['tor-a', 'tor-b', 'tor-c', 'nobody'])
const texts = ['64500:1', '64500:2', 'large:1:2:3', 'large:1:2:4', 'home', 'away']

const advertisements = fc
  .array(
    fc.record({
      pools: maybe(fc.record({ names: fc.subarray(['low', 'high']), selectors: fc.constant([]) })),
      nodes: selectors,
      services: selectors,
      peers: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, names),
      localPref: fc.constantFrom(undefined, undefined, undefined, 100, 200),
      communities: fc.oneof(
        { weight: 4, arbitrary: fc.subarray(texts) },
        { weight: 1, arbitrary: fc.constant(['home', 'unknown']) },
      ),
      lengths: fc.record({
        ipv4: fc.constantFrom(24, 25, 28, 32, 32, 32),
        ipv6: fc.constantFrom(63, 64, 120, 128, 128, 128),
      }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) => all.map((rest, i) => bgpAdvertisement(`ad${i}`, rest)))

const peers = fc
  .array(
    fc.record({
      end: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1').map(at),
      families: fc.constantFrom(['ipv4'] as const, ['ipv6'] as const, ['ipv4', 'ipv6'] as const),
      vrf: fc.constantFrom('', '', 'red'),
      myAsn: fc.constantFrom(64500, 64500, 64600),
      bfdProfile: maybe(fc.constantFrom('fast', 'fast', 'echo', 'gone')),
      nodes: selectors,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => all.map((rest, i) => peer(`tor-${'abc'[i]}`, rest)))

/** Objects with all kinds of mistakes among them. */
const objects: fc.Arbitrary<BgpObjects> = fc
  .record({ world: worlds(4), advertisements, peers })
  .map(({ world: { services, endpoints, pools }, ...rest }) => {
    const communities = [community('m/a', { home: '64500:9', away: 'large:9:9:9' })]
    const bfdProfiles = [profile('fast'), profile('echo', { echoMode: true })]
    const secrets = new Map()
    return { services, endpoints, pools, communities, bfdProfiles, secrets, ...rest }
  })

const here = nodes.map(([first]) => present(first))

function holds(check: (of: BgpObjects, on: AnnouncerNode) => void): void {
  fc.assert(fc.property(objects, here, check), { numRuns: 300 })
}

describe('whatever the objects are,', () => {
  test('each address has one answer for each peer, or its Service has one for all', () => {
    holds((of, node) => {
      const { why, peers: running } = decideBgp(of, node, settings)
      for (const { name, addresses } of of.services) {
        const own = why.filter(({ service }) => service === name)
        const silent = own.filter(({ kind }) => kind === 'silent')
        const wanted = addresses.flatMap((address) =>
          running.map((each) => `${address} ${each.name}`),
        )
        const told = own.flatMap((each) =>
          each.kind === 'silent' ? [] : [`${each.address} ${each.peer}`],
        )
        if (silent.length > 0) expect(own).toHaveLength(1)
        else expect(told).toEqual(wanted)
      }
      for (const each of why) expect(printBgpWhy(each)).toMatch(/^(as |[A-Z])[^\n]+[^.\n]$/)
    })
  })

  test('the routes are those of the answers, and carry what their advertisements say', () => {
    let announced = 0
    holds((of, node) => {
      const { why, routes, peers: running } = decideBgp(of, node, settings)
      const wanted = new Map<string, Set<string>>()
      for (const each of why) {
        if (each.kind !== 'announced') continue
        const session = running.find(({ name }) => name === each.peer)
        for (const { prefix, advertisements: by } of each.routes) {
          expect(cidrContains(prefix, each.address)).toBe(true)
          expect(session?.families).toContain(familyOf(prefix))
          const key = `${session?.vrf} ${prefix} ${each.peer}`
          const known = wanted.get(key) ?? new Set()
          for (const name of by) {
            const found = of.advertisements.find((ad) => ad.name === name)
            for (const text of found?.communities ?? []) known.add(text)
          }
          wanted.set(key, known)
        }
      }
      const found = routes.flatMap(({ vrf, prefix, to }) =>
        [...to].map(([name, attributes]) => [`${vrf} ${prefix} ${name}`, attributes] as const),
      )
      expect(found.map(([key]) => key).sort()).toEqual([...wanted.keys()].sort())
      const meanings = of.communities[0]?.names
      for (const [key, { communities, largeCommunities }] of found) {
        const meant = [...(wanted.get(key) ?? [])].flatMap(
          (text) => meanings?.get(text) ?? parseCommunity(text) ?? [],
        )
        expect(communities).toEqual(communityTexts(meant, 'standard'))
        expect(largeCommunities).toEqual(communityTexts(meant, 'large'))
      }
      announced += found.length
    })
    expect(announced).toBeGreaterThan(20)
  })

  test('their order has no meaning', () => {
    holds((of, node) => {
      const turned = {
        ...of,
        services: of.services.toReversed(),
        endpoints: of.endpoints.toReversed(),
        pools: of.pools.toReversed(),
        peers: of.peers.toReversed(),
        advertisements: of.advertisements
          .map((each) => ({ ...each, communities: each.communities.toReversed() }))
          .toReversed(),
        bfdProfiles: of.bfdProfiles.toReversed(),
      }
      const [one, other] = [decideBgp(of, node, settings), decideBgp(turned, node, settings)]
      expect({ ...other, problems: [] }).toEqual({ ...one, problems: [] })
    })
  })

  test('one with a mistake changes nothing of what others get', () => {
    const bad = fc.record({
      peer: fc.constantFrom(
        peer('waits', { bfdProfile: 'gone', end: at('10.0.0.9') }),
        peer('waits', { password: { kind: 'secret', secret: 'm/gone' } }),
        peer('zzz', { myAsn: 7, end: at('10.0.0.9') }),
      ),
      advertisement: fc.constantFrom(
        bgpAdvertisement('a-bad', { communities: ['unknown'], localPref: 7 }),
        bgpAdvertisement('z-bad', { lengths: { ipv4: 8, ipv6: 8 }, communities: ['64500:7'] }),
      ),
    })
    fc.assert(
      fc.property(objects, here, bad, (of, node, extra) => {
        // With a peer that runs, the bad ones clash with it or wait.
        const whole = {
          ...of,
          peers: [...of.peers, peer('a', { end: at('10.0.0.8') })],
        }
        const more = {
          ...whole,
          peers: [...whole.peers, extra.peer],
          advertisements: [...whole.advertisements, extra.advertisement],
          communities: [...whole.communities, community('m/z', { home: '1:1' })],
        }
        const [before, after] = [decideBgp(whole, node, settings), decideBgp(more, node, settings)]
        expect(after.peers).toEqual(before.peers)
        expect(after.routes).toEqual(before.routes)
        expect(after.routerId).toBe(before.routerId)
        expect(after.problems.length).toBeGreaterThan(before.problems.length)
      }),
      { numRuns: 300 },
    )
  })
})
