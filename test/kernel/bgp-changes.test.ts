import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import {
  advertisement,
  bfdProfile,
  bgpCluster,
  bgpNode,
  bgpPeer,
  bgpService,
  pool,
} from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import { isLong, runs } from '../support/runs.ts'

/** What the objects say; the Service with the number 0 is always there. */
interface World {
  readonly services: readonly number[]
  /** Which of them have an endpoint that is not ready. */
  readonly asleep: readonly number[]
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
  /** Seconds. */
  readonly holdTime: number
  /** Values of the peer's BFDProfile, in milliseconds but for the multiplier. */
  readonly bfd: { readonly transmitInterval: number; readonly detectMultiplier: number }
}

const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 6 }))

const world: fc.Arbitrary<World> = fc.record({
  services: numbers.map((some) => [0, ...some]),
  asleep: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
  marked: fc.uniqueArray(fc.integer({ min: 0, max: 6 })),
  communities: fc.subarray(['64500:1', '64500:2', '64500:3']),
  localPref: fc.option(fc.integer({ min: 101, max: 999 }), { nil: undefined }),
  hasSecond: fc.boolean(),
  isSplit: fc.boolean(),
  hasOther: fc.boolean(),
  holdTime: fc.integer({ min: 30, max: 180 }),
  bfd: fc.record({
    transmitInterval: fc.integer({ min: 300, max: 1_000 }),
    detectMultiplier: fc.integer({ min: 5, max: 20 }),
  }),
})

function objectsOf({ services, asleep, marked, communities, localPref, ...rest }: World) {
  const { hasSecond, isSplit, hasOther, holdTime, bfd } = rest
  const same = localPref === undefined ? {} : { localPref }
  const second = advertisement('second', {
    ...same,
    communities: ['64500:9'],
    serviceSelectors: [{ matchLabels: { marked: 'yes' } }],
  })
  const pools = isSplit
    ? [pool('low', ['198.51.100.0/29']), pool('high', ['198.51.100.8-198.51.100.255'])]
    : [pool('vips', ['198.51.100.0/24'])]
  const timers = { holdTime: `${holdTime}s`, keepaliveTime: `${Math.floor(holdTime / 3)}s` }
  const tor = bgpPeer('tor', { peerASN: 64501, bfdProfile: 'slow', ...timers })
  return [
    ...[bgpNode(), ...pools, tor, bfdProfile('slow', bfd)],
    ...(hasOther ? [bgpPeer('other', { peerASN: 64501, peerAddress: '10.0.0.77' })] : []),
    ...[advertisement('all', { ...same, communities }), ...(hasSecond ? [second] : [])],
    ...services.flatMap((at) =>
      bgpService(
        `web-${at}`,
        addressOf(at),
        marked.includes(at) ? { marked: 'yes' } : {},
        !asleep.includes(at),
      ),
    ),
  ]
}

function addressOf(service: number): string {
  return `198.51.100.${5 + service}`
}

/** What the router has to have, by prefix. */
function wantedIn({ services, asleep, marked, communities, localPref = 100, hasSecond }: World) {
  const awake = services.filter((at) => !asleep.includes(at))
  return new Map(
    awake.map((at) => {
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

/** A LAN whose router watches the node by BFD. */
async function withBfd(): Promise<BgpLan> {
  const built = await BgpLan.build({ routerAs: 64501, daemons: ['zebra', 'bfdd', 'bgpd'] })
  await built.router.run('bfdd')
  const watched = ['configure terminal', 'router bgp 64501', `neighbor ${NODE} bfd`, 'end']
  await built.router.tell('bgpd', ...watched)
  return built
}

/** Whether the node and the router hear one another by BFD. */
async function isWatched(on: BgpLan | undefined): Promise<boolean> {
  const [text = ''] = (await on?.router.tell('bfdd', 'show bfd peers json')) ?? []
  return JSON.parse(text)[0]?.status === 'up'
}

/** How many prefixes were withdrawn, and of how many FRR was told that they go. */
interface Gone {
  readonly withdrawn: number
  readonly takenBack: number
}

/** Has the objects say so, and compares what went with what had to. */
async function change(on: BgpLan, [before, after]: readonly World[], gone: Gone): Promise<Gone> {
  if (before === undefined || after === undefined) return gone
  const [former, wanted] = [wantedIn(before), wantedIn(after)]
  on.write(objectsOf(after))
  await reached(on, wanted)
  const expected = [...former.keys()].filter((prefix) => !wanted.has(prefix)).toSorted()
  const [withdrawn, takenBack] = [on.withdrawn(), on.takenBack()]
  expect(withdrawn.slice(gone.withdrawn).toSorted()).toEqual(expected)
  expect(takenBack.slice(gone.takenBack).toSorted()).toEqual(expected)
  return { withdrawn: withdrawn.length, takenBack: takenBack.length }
}

/** Of one series; all draws make more than 500. */
const CHANGES = isLong ? 64 : 12

test('whatever changes, no session is reset and nothing is withdrawn that stays', async () => {
  const series = fc.array(world, { minLength: CHANGES + 1, maxLength: CHANGES + 1 })
  await fc.assert(
    fc.asyncProperty(series, async (worlds) => {
      await lan?.remove()
      lan = await withBfd()
      const [first] = worlds
      if (first === undefined) return
      lan.write(objectsOf(first))
      await lan.start()
      await eventually(() => isWatched(lan))
      await reached(lan, wantedIn(first))
      await lan.record()
      const counters = await lan.counters()
      let gone: Gone = { withdrawn: 0, takenBack: 0 }
      for (const at of worlds.keys()) gone = await change(lan, worlds.slice(at, at + 2), gone)
      expect(await lan.counters()).toEqual(counters)
    }),
    // A smaller series would take as long to find as it is worth.
    { numRuns: runs(8), endOnFailure: true },
  )
})

test('a prefix that goes and comes in one batch does not go unnoticed', async () => {
  lan = await BgpLan.build()
  const web = bgpService('web', '198.51.100.10')
  lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web))
  await lan.start()
  await lan.until('198.51.100.10/32')
  await lan.record()
  const [text = ''] = await lan.node.tell('bgpd', 'show running-config')
  const [line = ''] = /network 198\.51\.100\.10\/32 route-map \S+/.exec(text) ?? []
  const family = ['router bgp 64501', 'address-family ipv4 unicast']
  expect(lan.takenBack()).toEqual([])
  await lan.node.tell('bgpd', 'configure terminal', ...family, `no ${line}`, line, 'end')
  expect(lan.takenBack()).toEqual(['198.51.100.10/32'])
})
