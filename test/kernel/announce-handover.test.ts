import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Announced } from '../../src/announce/announced.ts'
import { beatKey, encodeBeat, proofOf } from '../../src/announce/beat-codec.ts'
import type { Handover } from '../../src/announce/handover.ts'
import { begin } from '../../src/announce/transition.ts'
import { readAnnounceTable } from '../../src/apply/netdev/read.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { supportsOwnership } from '../../src/apply/nftables/supports-ownership.ts'
import { readAnnouncingLinks } from '../../src/apply/rtnetlink/node-links.ts'
import { answeringFor } from '../../src/cli/explain/answering.ts'
import { KernelResponder } from '../../src/dataplane/announce/kernel-responder.ts'
import { proposeAnnouncing } from '../../src/dataplane/announce/proposal.ts'
import type { Address } from '../../src/model/address.ts'
import { planAnnounce } from '../../src/plan/netdev/plan.ts'
import { announceTable } from '../../src/render/announce/table.ts'
import { perform } from '../../src/speaker/steps.ts'
import { Wires } from '../../src/speaker/wires.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { udp } from '../support/link-frames.ts'
import { NODE_MAC, questions } from '../support/questions.ts'
import { layCable, stationOf, Wire } from '../support/wire.ts'

// What the kernel does while addresses are offered to another node: it hears that they were taken before the
// agent does, and also when there is no agent any more.

const V4 = '192.0.2.1' as Address
const V6 = '2001:db8::1' as Address
const LONG = 600_000
const PROGRAMMED = { kind: 'programmed', refused: [] }
const SETTINGS = { node: 'node-a', interval: 200, timeout: 600, hold: LONG, settle: 0 }
const OFFER = '0000000000000001'
const key = beatKey(new Uint8Array(32).fill(7))
const former = beatKey(new Uint8Array(32).fill(8))
const everything = offering(1, V4, V6)
const all = questions([V4, V6], ['192.0.2.2', '2001:db8::2'])

function offering(offer: number, ...addresses: readonly Address[]): Handover {
  const named = { offer: OFFER, from: 'node-a', to: 'node-b' }
  const proofs = [key, former].map((each) => proofOf(named, each))
  return { offer, proofs, addresses: new Set(addresses) }
}

let wire: Wire
let announced: Announced
let responder: KernelResponder

beforeAll(async () => {
  enterNewNetwork()
  await layCable()
  wire = await Wire.between('asker', 'eth0')
})
beforeEach(async () => {
  announced = { station: await stationOf('eth0'), addresses: new Set([V4, V6]) }
  responder = new KernelResponder({ ownership: 'kernel' })
  expect(await responder.revive(LONG)).toEqual(PROGRAMMED)
})
afterEach(async () => {
  await responder.close()
  const last = new KernelResponder({ ownership: 'kernel' })
  expect(await last.remove()).toEqual(PROGRAMMED)
  await last.close()
})

function offer(...offered: readonly Handover[]): ReturnType<KernelResponder['program']> {
  return responder.program([announced], LONG, { offered })
}

/** Returns for which of the two addresses the node answers, in whatever form it is asked. */
async function answered(): Promise<readonly Address[]> {
  const found = new Map<Address, boolean>()
  for (const { name, question, answer } of all) {
    if (answer === undefined) continue
    const address = name.startsWith('ARP') ? V4 : V6
    const isAnswered = (await wire.answers(question)).length === 1
    // All forms of a question have the same fate.
    expect([name, isAnswered]).toEqual([name, found.get(address) ?? isAnswered])
    found.set(address, isAnswered)
  }
  return [...found].flatMap(([address, is]) => (is ? [address] : []))
}

/** The beat by which the other node says that it has taken an offer. */
function claim(takes: string = OFFER, by: typeof key = key): Uint8Array {
  const beat = {
    ...({ node: 'node-b', incarnation: 1, sequence: 1, state: 'live', settled: true } as const),
    ...{ links: [], wantsList: false, digest: '0000000000000000', offer: undefined, takes },
    part: undefined,
  }
  return encodeBeat(beat, 'node-a', by)
}

const over = {
  IPv4: ['192.0.2.8', '192.0.2.7'],
  IPv6: ['2001:db8::8', '2001:db8::7'],
} as const

/** Sends it to the node, which has no port that is open. */
async function send(
  payload: Uint8Array,
  family: keyof typeof over = 'IPv4',
  to = NODE_MAC,
): Promise<void> {
  await wire.answers(udp({ macs: ['02:00:00:00:00:09', to], ips: over[family], payload }))
}

describe('an offer', () => {
  test.each(['IPv4', 'IPv6'] as const)(
    'that is taken by a beat over %s is not answered for',
    async (family) => {
      expect(await offer(everything)).toEqual(PROGRAMMED)
      expect(await answered()).toEqual([V4, V6])
      await send(claim(), family)
      expect(await answered()).toEqual([])
      // The agent hears it, too.
      expect(await responder.program([{ ...announced, addresses: new Set() }], LONG)).toEqual(
        PROGRAMMED,
      )
      expect(await nft('list', 'table', 'netdev', 'nodelb-announce')).not.toMatch(
        /taken|offered|handover/,
      )
    },
  )

  test('that is taken by the former key is taken', async () => {
    await offer(everything)
    await send(claim(OFFER, former))
    expect(await answered()).toEqual([])
  })

  test.each<[string, Uint8Array, string?]>([
    ['with another key', claim(OFFER, beatKey(new Uint8Array(32).fill(9)))],
    ['by the name of another offer', claim('0000000000000002')],
    ['by a beat that is cut off in its proof', claim().subarray(0, 30)],
    ['by a beat for another host that an interface hears', claim(), '02:00:00:00:00:77'],
  ])('is not taken %s', async (_, datagram, to) => {
    await offer(everything)
    await send(datagram, 'IPv4', to)
    await send(datagram, 'IPv6', to)
    expect(await answered()).toEqual([V4, V6])
  })

  test('takes with it what it has, and nothing else', async () => {
    await offer(offering(1, V6))
    await send(claim())
    expect(await answered()).toEqual([V4])
    expect(await answeringFor(V4)).toMatchObject({ interfaces: ['eth0'], isTaken: false })
    expect(await answeringFor(V6)).toMatchObject({ interfaces: [], isTaken: true })
  })

  test('is heard to be taken also if another interface is refused', async () => {
    // No interface has a name of 16 characters, and Linux 6.16 takes chains for those that are not there.
    const name = 'interface-is-not'
    const other = { station: { ...announced.station, name }, addresses: new Set<Address>() }
    const programmed = await responder.program([announced, other], LONG, { offered: [everything] })
    expect(programmed).toMatchObject({ refused: [{ name }] })
    await send(claim())
    expect(await answered()).toEqual([])
  })

  test('is taken also while no agent runs; the next one does not answer for it', async () => {
    await offer(offering(1, V4))
    await responder.close()
    await send(claim())
    expect(await answered()).toEqual([V6])
    responder = new KernelResponder({ ownership: 'kernel' })
    expect(await responder.inherited()).toMatchObject({
      addresses: new Map([['eth0', new Set([V6])]]),
    })
    const left = { ...announced, addresses: new Set([V6]) }
    expect(await responder.program([left], LONG)).toEqual(PROGRAMMED)
    expect(await answered()).toEqual([V6])
  })

  test('is taken also if it is made with the first change of an agent that adopts the table', async () => {
    await responder.close()
    responder = new KernelResponder({ ownership: 'kernel' })
    expect(await offer(everything)).toEqual(PROGRAMMED)
    await send(claim())
    expect(await answered()).toEqual([])
  })

  test('stays taken while other things change', async () => {
    await offer(everything)
    await send(claim())
    const more = new Set([V4, V6, '192.0.2.3' as Address])
    const programmed = await responder.program([{ ...announced, addresses: more }], LONG, {
      offered: [everything],
    })
    expect(programmed).toEqual(PROGRAMMED)
    expect(await answered()).toEqual([])
    const none = new Map([...more].map((address) => [address, 0]))
    expect(await responder.counts()).toEqual(new Map([['eth0', none]]))
  })

  test('that is taken back is answered for, and what comes late changes nothing', async () => {
    await offer(everything)
    expect(await offer()).toEqual(PROGRAMMED)
    await send(claim())
    expect(await answered()).toEqual([V4, V6])
  })

  test.each<[string, readonly Handover[]]>([
    ['taken back', []],
    ['changed', [offering(2, V4, V6)]],
  ])('that was taken before it is %s is not answered for again', async (_, handovers) => {
    await offer(offering(1, V4))
    await send(claim())
    expect(await offer(...handovers)).toEqual({ ...PROGRAMMED, taken: [V4] })
    expect(await answered()).toEqual([V6])
  })

  test('that was taken is not answered for when a table that others deleted is put back', async () => {
    await responder.remove()
    await responder.close()
    const mended = new Promise((resolve) => {
      responder = new KernelResponder({ ownership: 'none', mended: resolve })
    })
    await responder.revive(LONG)
    await offer(offering(1, V4))
    await send(claim())
    expect(await offer()).toEqual({ ...PROGRAMMED, taken: [V4] })
    await nft('flush', 'ruleset')
    expect(await mended).toEqual(PROGRAMMED)
    expect(await answered()).toEqual([V6])
  })

  test('is no reason to lose what is answered for, if the kernel cannot hear that it is taken', async () => {
    const proofs = ['00'.repeat(80)]
    expect(await offer({ ...everything, proofs })).toEqual(PROGRAMMED)
    expect(await answered()).toEqual([V4, V6])
    expect(await nft('list', 'table', 'netdev', 'nodelb-announce')).not.toContain('handover')
  })

  test('is read as it was written, and is no difference to what the objects say', async () => {
    await offer(everything)
    const table = announceTable([announced], { handovers: [everything] })
    const rules = [...table.chains.values()].flatMap((chain) => chain.rules)
    const socket = NetlinkSocket.open()
    const found = await readAnnounceTable(socket, rules)
    const ownership = (await supportsOwnership(socket)) ? 'kernel' : 'none'
    socket.close()
    expect(found.taken).toEqual(new Map())
    expect(planAnnounce(found.table, table, ownership)).toEqual([])
    const wish = {
      ...{ eligibility: { addresses: [] }, node: 'node-a', nodes: ['node-a'], excluded: ['asker'] },
      ping: false,
    }
    const proposal = await proposeAnnouncing(wish)
    const kinds = proposal.kind === 'proposed' ? proposal.plan.map(({ kind }) => kind) : []
    expect(kinds).toEqual(['delete-elements', 'delete-elements'])
  })

  test('is told of as made before anything else can run, unless something is refused', async () => {
    const told: string[] = []
    const parts = { offered: [everything], done: () => told.push('done') }
    const programmed = responder.program([announced], LONG, parts).then(() => told.push('resolved'))
    await programmed
    expect(told).toEqual(['done', 'resolved'])
    await send(claim())
    expect(await responder.program([announced], LONG, { ...parts, offered: [] })).toMatchObject({
      taken: [V4, V6],
    })
    expect(told).toEqual(['done', 'resolved'])
  })
})

describe('a turn', () => {
  /** Offers nothing any more, and takes over V4. Returns what is said meanwhile, and what the next turn hears. */
  async function takeBack(): Promise<readonly unknown[]> {
    const spots = [V4, V6].map((address) => ({ address, interface: 'eth0' }))
    const links = await readAnnouncingLinks(['asker'])
    const unheard = (): void => undefined
    const wires = new Wires({ heard: unheard, missed: unheard, broke: unheard })
    const said: string[] = []
    const taken = {
      kind: 'taken',
      spot: { address: V4, interface: 'eth0' },
      from: 'node-c',
    } as const
    const steps = [
      { kind: 'program', add: [], remove: [] },
      { kind: 'tell', news: [taken] },
    ] as const
    const performed = await perform(steps, {
      ...{ responder, wires, hold: LONG, links, handovers: [] },
      state: begin(SETTINGS, { isAlive: true, spots }, 0).state,
      claim: () => ({ isWhole: true, send: () => said.push('claim') }),
      ...{ beat: unheard, oweBeat: unheard, greeted: unheard, refused: unheard },
      tell: () => said.push('told'),
    })
    wires.close()
    return [said, performed]
  }

  test('claims what it has taken over as soon as the kernel answers for it', async () => {
    await offer(everything)
    expect(await takeBack()).toEqual([['claim', 'told'], { kind: 'performed', events: [] }])
  })

  test('claims nothing if the kernel has given away more than the agent knew, and the next one hears of that', async () => {
    await offer(offering(1, V6))
    await send(claim())
    const events = [{ kind: 'taken', addresses: [V6] }]
    expect(await takeBack()).toEqual([['told'], { kind: 'performed', events }])
  })
})
