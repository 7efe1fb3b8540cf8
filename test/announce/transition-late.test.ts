import { describe, expect, test } from 'vitest'
import type { Step } from '../../src/announce/step.ts'
import { begin, turn } from '../../src/announce/transition.ts'
import type { Address } from '../../src/model/address.ts'
import { addresses, agentOf } from '../support/lan-faults.ts'
import { LanModel, type ModelNode, TIMES } from '../support/lan-model.ts'

// What happens where silence is none: a kernel answers later than others listen, or one that listens is late.

interface Lan {
  readonly model: LanModel
  readonly address: Address
  /** The one that answers for the address, and the next in its order. */
  readonly owner: ModelNode
  readonly next: ModelNode
}

function lanWith(index: number, nodes = 3): Lan {
  const model = new LanModel({ nodes, lans: 1, addresses, agentOf })
  for (const node of model.nodes) model.start(node)
  model.run(TIMES.hold + TIMES.settle + 1_000)
  const [owner, next] = [index, (index + 1) % nodes].map((at) => model.nodes[at])
  const address = addresses[index]
  if (owner === undefined || next === undefined || address === undefined) throw new Error('no node')
  expect(model.answerers(0, address)).toEqual([owner])
  return { model, address, owner, next }
}

/** Lets time pass, and returns for how many milliseconds in all so many nodes answered. */
function timeWith(count: number, { model, address }: Lan, ms: number): number {
  let sum = 0
  for (let at = 0; at < ms; at++) {
    model.run(1)
    if (model.answerers(0, address).length === count) sum++
  }
  return sum
}

/** Returns how often the wire was asked about an address from now on. */
function questions({ address, next }: Lan, { length }: readonly Step[]): number {
  const asked = (next.agent?.steps ?? []).slice(length).flatMap((step) => {
    return step.kind === 'probe' ? step.spots : []
  })
  return asked.filter((spot) => spot.address === address).length
}

describe('the kernel of a node whose agent is dead answers late', () => {
  // The next node after the last one has a lower MAC address, after the first one a higher one.
  test.each([0, 2])(
    'and node %i is answered for by another one only until its answer comes',
    (index) => {
      for (const answerMs of [99, 120, 200, 400, 800]) {
        const lan = lanWith(index)
        lan.model.answerAfter(lan.owner, answerMs)
        lan.model.kill(lan.owner)
        expect(timeWith(2, lan, TIMES.hold)).toBeLessThan(answerMs)
        expect(timeWith(1, lan, 2 * TIMES.timeout)).toBeGreaterThan(TIMES.timeout)
      }
    },
  )

  test('and it is found out by the next look if the machine stood still', () => {
    const lan = lanWith(0)
    lan.model.kill(lan.owner)
    lan.model.standStill(lan.owner, 1_500)
    expect(timeWith(2, lan, TIMES.hold)).toBeLessThan(900)
    // It listens for longer then.
    expect(timeWith(0, lan, 2 * TIMES.timeout)).toBeLessThan(TIMES.timeout + 200)
    expect(lan.model.answerers(0, lan.address)).toEqual([lan.next])
  })
})

test('a node whose agent is dead and whose cable was out for a second is found out by the next look', () => {
  for (const index of [0, 2]) {
    const lan = lanWith(index)
    lan.model.kill(lan.owner)
    lan.model.cutCable(lan.owner, 0)
    expect(timeWith(2, lan, 1_000)).toBe(0)
    lan.model.plugAtOnce(lan.owner, 0)
    // It was taken over 500 ms ago at least.
    expect(timeWith(2, lan, 800)).toBeGreaterThan(0)
    expect(timeWith(2, lan, TIMES.hold)).toBe(0)
  }
})

describe('a node that takes over', () => {
  test('asks again at growing distances, and not once the kernel of the other is silent', () => {
    const lan = lanWith(0)
    lan.model.powerOff(lan.owner)
    const before = [...(lan.next.agent?.steps ?? [])]
    lan.model.run(700)
    expect(lan.model.answerers(0, lan.address)).toEqual([lan.next])
    expect(questions(lan, before)).toBe(3)
    // 100, 300, 700 and 1,500 ms after that.
    lan.model.run(TIMES.hold)
    expect(questions(lan, before)).toBe(7)
    lan.model.run(10_000)
    expect(questions(lan, before)).toBe(7)
  })

  test('does not believe in silence while its own timers are late', () => {
    const lan = lanWith(0)
    const { agent } = lan.next
    if (agent === undefined) throw new Error('no agent')
    lan.model.answerAfter(lan.owner, 300)
    lan.model.kill(lan.owner)
    lan.model.run(TIMES.timeout - TIMES.interval)
    agent.slowness = 60
    expect(timeWith(2, lan, TIMES.interval + 700)).toBe(0)
  })

  test('does so in less than 1.5 s although its timers are always late', () => {
    const lan = lanWith(0)
    const { agent } = lan.next
    if (agent === undefined) throw new Error('no agent')
    agent.slowness = 60
    lan.model.powerOff(lan.owner)
    lan.model.run(1_500)
    expect(lan.model.answerers(0, lan.address)).toEqual([lan.next])
  })
})

test('who gives others more time until they count as dead gives their kernels more time to answer', () => {
  const settings = { ...TIMES, node: 'a', timeout: 6_000 }
  const [address] = addresses
  if (address === undefined) throw new Error('no address')
  let { state } = begin(settings, { isAlive: false, spots: [] }, 0)
  const asked: number[] = []
  while (state.due < 8_000) {
    const next = turn(state, {
      ...{ now: state.due, members: [], standing: 'live', events: [] },
      wanted: [{ address, owner: 'a', interfaces: ['eth0'] }],
      links: new Map([['eth0', '02:00:00:00:00:05']]),
    })
    if (next.steps.some(({ kind }) => kind === 'probe')) asked.push(state.due)
    state = next.state
  }
  expect(asked).toEqual([6_000, 6_475, 6_950])
})
