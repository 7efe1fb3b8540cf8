import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Announced } from '../../src/announce/announced.ts'
import { beatKey, encodeBeat, proofOf } from '../../src/announce/beat-codec.ts'
import type { Handover } from '../../src/announce/handover.ts'
import { KernelResponder } from '../../src/dataplane/announce/kernel-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { udp } from '../support/link-frames.ts'
import { NODE_MAC, questions } from '../support/questions.ts'
import { runs } from '../support/runs.ts'
import { layCable, stationOf, Wire } from '../support/wire.ts'

// Offers come and go, keys are rotated, agents end and begin, and claims of all of that come in at any time: the kernel
// answers for what it was told, without what another node has taken.

const ADDRESSES = ['192.0.2.1', '192.0.2.3', '2001:db8::1'].map((each) => each as Address)
const LONG = 600_000
const keys = [7, 8].map((byte) => beatKey(new Uint8Array(32).fill(byte)))
type Key = ReturnType<typeof beatKey>

interface Offer {
  readonly number: number
  readonly to: string
  readonly addresses: ReadonlySet<Address>
  readonly believed: readonly Key[]
}

const some = fc.subarray([...ADDRESSES])
const believed = fc.subarray(keys, { minLength: 1 })
const offer = fc.record({ to: fc.constantFrom('b', 'c'), addresses: some, believed })
const act = fc.oneof(
  fc.record({
    kind: fc.constant('program' as const),
    addresses: some,
    /** Which keys are believed for the offers that stay open, which are all but the first; undefined if none does. */
    kept: fc.option(believed, { nil: undefined }),
    more: fc.array(offer, { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('claim' as const),
    /** The last offer, or one of those before it. */
    back: fc.nat({ max: 3 }),
    key: fc.constantFrom(...keys),
    ips: fc.constantFrom(
      ['192.0.2.8', '192.0.2.7'] as const,
      ['2001:db8::8', '2001:db8::7'] as const,
    ),
  }),
  fc.record({ kind: fc.constantFrom('renew' as const, 'begin anew' as const) }),
)
type Act = typeof act extends fc.Arbitrary<infer Kind> ? Kind : never

let wire: Wire
let station: Announced['station']

beforeAll(async () => {
  enterNewNetwork()
  await layCable()
  wire = await Wire.between('asker', 'eth0')
  station = await stationOf('eth0')
})

/** One node, and what its kernel has to do. */
class Node {
  #responder = new KernelResponder({ ownership: 'kernel' })
  #told: ReadonlySet<Address> = new Set()
  #open: readonly Offer[] = []
  #all: readonly Offer[] = []
  readonly #taken = new Set<number>()

  async begin(): Promise<void> {
    await this.#responder.revive(LONG)
  }

  async end(): Promise<void> {
    await this.#responder.remove()
    await this.#responder.close()
  }

  async do(each: Act): Promise<void> {
    if (each.kind === 'program') await this.#program(each)
    else if (each.kind === 'claim') await this.#hear(each)
    else if (each.kind === 'renew') await this.#responder.renew(LONG)
    else await this.#beginAnew()
  }

  /** For what the kernel answers. */
  get held(): readonly Address[] {
    const gone = this.#goneWith(this.#open)
    return ADDRESSES.filter((address) => this.#told.has(address) && !gone.has(address))
  }

  #goneWith(offers: readonly Offer[]): ReadonlySet<Address> {
    const taken = offers.filter(({ number }) => this.#taken.has(number))
    return new Set(taken.flatMap(({ addresses }) => [...addresses]))
  }

  async #program({ addresses, kept, more }: Extract<Act, { kind: 'program' }>): Promise<void> {
    const stay =
      kept === undefined ? [] : this.#open.slice(1).map((each) => ({ ...each, believed: kept }))
    const added = more.map((each, at) => {
      return { ...each, addresses: new Set(each.addresses), number: this.#all.length + at + 1 }
    })
    const open = [...stay, ...added]
    const gone = this.#goneWith(
      this.#open.filter(({ number }) => !stay.some((each) => each.number === number)),
    )
    const lost = addresses.filter((address) => gone.has(address))
    const programmed = await this.#responder.program(
      [{ station, addresses: new Set(addresses) }],
      LONG,
      { offered: open.map(handover) },
    )
    expect(programmed).toMatchObject({ kind: 'programmed', refused: [] })
    expect(new Set('taken' in programmed ? programmed.taken : [])).toEqual(new Set(lost))
    this.#told = new Set(addresses.filter((address) => !gone.has(address)))
    this.#open = open
    this.#all = [...this.#all, ...added]
  }

  async #hear({ back, key, ips }: Extract<Act, { kind: 'claim' }>): Promise<void> {
    const claimed = this.#all.at(-1 - back)
    if (claimed === undefined) return
    const { to: node, number } = claimed
    const beat = {
      ...({ node, incarnation: 1, sequence: 1, state: 'live', settled: true, links: [] } as const),
      ...{ wantsList: false, digest: '00'.repeat(8), offer: undefined, part: undefined },
      takes: nameOf(number),
    }
    const macs = ['02:00:00:00:00:09', NODE_MAC] as const
    await wire.answers(udp({ macs, ips, payload: encodeBeat(beat, 'a', key) }))
    const open = this.#open.find((each) => each.number === number)
    if (open?.believed.includes(key)) this.#taken.add(number)
  }

  async #beginAnew(): Promise<void> {
    await this.#responder.close()
    this.#responder = new KernelResponder({ ownership: 'kernel' })
    const inherited = await this.#responder.inherited()
    const found = inherited.kind === 'inherited' ? inherited.addresses.get('eth0') : undefined
    expect(found ?? new Set()).toEqual(new Set(this.held))
  }
}

function nameOf(number: number): string {
  return number.toString(16).padStart(16, '0')
}

function handover({ number, to, addresses, believed }: Offer): Handover {
  const named = { offer: nameOf(number), from: 'a', to }
  return { offer: number, addresses, proofs: believed.map((key) => proofOf(named, key)) }
}

async function answered(): Promise<readonly Address[]> {
  const found: Address[] = []
  for (const address of ADDRESSES) {
    const both = address.includes(':') ? ['192.0.2.1', address] : [address, '2001:db8::1']
    const all = questions(both as [string, string], ['192.0.2.2', '2001:db8::2'])
    const asked = all.find(({ name, answer }) => {
      return answer !== undefined && name.startsWith('ARP') !== address.includes(':')
    })
    if (asked === undefined) throw new Error(`no question for ${address}`)
    if ((await wire.answers(asked.question)).length > 0) found.push(address)
  }
  return found
}

test('whatever happens to offers, the kernel answers for all but what was taken', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 30 }), async (acts) => {
      const node = new Node()
      await node.begin()
      try {
        for (const each of acts) {
          await node.do(each)
          expect(await answered()).toEqual(node.held)
        }
      } finally {
        await node.end()
      }
    }),
    { numRuns: runs(80) },
  )
})
