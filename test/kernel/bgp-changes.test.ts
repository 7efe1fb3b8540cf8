import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpNode, bgpPeer, bgpService, pool } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import { runs } from '../support/runs.ts'

/** What the objects say; the Service with the number 0 is always there. */
interface World {
  readonly services: readonly number[]
  /** Which of them have the label that the second advertisement selects. */
  readonly marked: readonly number[]
  readonly communities: readonly string[]
  readonly localPref: number | undefined
  /** Whether Services with the label have a community more. */
  readonly hasSecond: boolean
  /** Whether the addresses come from one pool or from two. */
  readonly isSplit: boolean
  /** Whether there is a second peer, which never answers. */
  readonly hasOther: boolean
}

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 6 }))

const world: fc.Arbitrary<World> = fc.record({
  services: numbers.map((some) => [0, ...some]),
  marked: fc.uniqueArray(fc.integer({ min: 0, max: 6 })),
  communities: fc.subarray(['64500:1', '64500:2', '64500:3']),
  localPref: fc.option(fc.integer({ min: 101, max: 999 }), { nil: undefined }),
  hasSecond: fc.boolean(),
  isSplit: fc.boolean(),
  hasOther: fc.boolean(),
})

function objectsOf({ services, marked, communities, localPref, ...rest }: World) {
  const { hasSecond, isSplit, hasOther } = rest
  const same = localPref === undefined ? {} : { localPref }
  const second = advertisement('second', {
    ...same,
    communities: ['64500:9'],
    serviceSelectors: [{ matchLabels: { marked: 'yes' } }],
  })
  const pools = isSplit
    ? [pool('low', ['198.51.100.0/29']), pool('high', ['198.51.100.8-198.51.100.255'])]
    : [pool('vips', ['198.51.100.0/24'])]
  return [
    ...[bgpNode(), ...pools, bgpPeer('tor', { peerASN: 64501 })],
    ...(hasOther ? [bgpPeer('other', { peerASN: 64501, peerAddress: '10.0.0.77' })] : []),
    ...[advertisement('all', { ...same, communities }), ...(hasSecond ? [second] : [])],
    ...services.flatMap((at) =>
      bgpService(`web-${at}`, addressOf(at), marked.includes(at) ? { marked: 'yes' } : {}),
    ),
  ]
}

function addressOf(service: number): string {
  return `198.51.100.${5 + service}`
}

/** What the router has to have, by prefix. */
function wantedIn({ services, marked, communities, localPref = 100, hasSecond }: World) {
  return new Map(
    services.map((at) => {
      const more = hasSecond && marked.includes(at) ? ['64500:9'] : []
      return [`${addressOf(at)}/32`, { communities: [...communities, ...more], localPref }]
    }),
  )
}

let lan: BgpLan | undefined
afterEach(async () => {
  await lan?.remove()
})

async function reached(router: BgpLan, wanted: ReturnType<typeof wantedIn>): Promise<void> {
  for (const [prefix, { communities, localPref }] of wanted) {
    await router.until(
      prefix,
      (route) =>
        route?.localPref === localPref &&
        JSON.stringify([...route.communities].sort()) === JSON.stringify([...communities].sort()),
    )
  }
  await eventually(async () => (await router.prefixes()).length === wanted.size)
}

test('whatever changes, no session is reset and nothing is withdrawn that stays', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(world, { minLength: 12, maxLength: 12 }), async (worlds) => {
      await lan?.remove()
      lan = await BgpLan.build({ routerAs: 64501 })
      const [first, ...others] = worlds
      if (first === undefined) return
      lan.write(objectsOf(first))
      await lan.start()
      await reached(lan, wantedIn(first))
      await lan.record()
      const counters = await lan.counters()
      let before = wantedIn(first)
      let withdrawn = 0
      for (const each of others) {
        const after = wantedIn(each)
        lan.write(objectsOf(each))
        await reached(lan, after)
        const gone = lan.withdrawn()
        const expected = [...before.keys()].filter((prefix) => !after.has(prefix))
        expect(gone.slice(withdrawn).toSorted()).toEqual(expected.toSorted())
        withdrawn = gone.length
        before = after
      }
      expect(await lan.counters()).toEqual(counters)
    }),
    // A smaller series would take as long to find as it is worth.
    { numRuns: runs(8), endOnFailure: true },
  )
})
