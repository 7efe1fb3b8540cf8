import { describe, expect, test } from 'vitest'
import { claimsFor } from '../../src/announce/claims.ts'
import type { Member } from '../../src/announce/member.ts'
import { peersOf } from '../../src/announce/peers.ts'
import { spotKey } from '../../src/announce/spot.ts'
import type { News, Step } from '../../src/announce/step.ts'
import { begin, turn } from '../../src/announce/transition.ts'
import {
  answeredSpots,
  askedLate,
  type Transition,
  type TransitionEvent,
  type TurnInput,
} from '../../src/announce/transition-state.ts'
import type { Address } from '../../src/model/address.ts'

const settings = { node: 'a', interval: 200, timeout: 600, hold: 15_000, settle: 10_000 }
const address = '192.0.2.1' as Address
const spot = { address, interface: 'eth0' }
const OWN = '02:00:00:00:00:05'
const LOWER = '02:00:00:00:00:04'
const HIGHER = '02:00:00:00:00:06'
const STRANGER = '02:00:00:00:00:98'
const OTHER_STRANGER = '02:00:00:00:00:99'

const member: Member = {
  node: 'b',
  state: 'live',
  settled: true,
  claims: new Set(),
  partly: new Set(),
  offers: new Set(),
  taken: new Set(),
  isCurrent: true,
  macs: [HIGHER],
}
const offering: Member = { ...member, claims: new Set([address]), offers: new Set([address]) }

/** One machine and its clock. */
class Machine {
  now = 0
  owner: string | undefined = 'a'
  addresses: readonly Address[] = [address]
  members: readonly Member[] = [member]
  links: TurnInput['links'] = new Map([['eth0', OWN]])
  standing: TurnInput['standing'] = 'live'
  steps: Step[] = []
  state: Transition

  constructor(found: Parameters<typeof begin>[1] = { isAlive: false, spots: [] }) {
    const begun = begin(settings, found, 0)
    this.state = begun.state
    this.steps.push(...begun.steps)
  }

  turn(...events: readonly TransitionEvent[]): readonly Step[] {
    const wanted = this.addresses.map((each) => ({
      address: each,
      owner: this.owner,
      interfaces: [...this.links.keys()],
    }))
    const { now, members, links, standing } = this
    const { state, steps } = turn(this.state, { now, wanted, members, links, standing, events })
    this.state = state
    this.steps.push(...steps)
    return steps
  }

  /** Calls the machine whenever it wants to be called. */
  run(until: number): void {
    while (this.state.due <= until) {
      this.now = this.state.due
      this.turn()
    }
    this.now = until
  }

  news(): readonly News[] {
    return this.steps.flatMap((step) => (step.kind === 'tell' ? step.news : []))
  }

  /** When steps of a kind were taken, from now on until then. */
  times(kind: Step['kind'], until: number): readonly number[] {
    const times: number[] = []
    while (this.state.due <= until) {
      this.now = this.state.due
      if (this.turn().some((step) => step.kind === kind)) times.push(this.now)
    }
    this.now = until
    return times
  }

  get answers(): boolean {
    return answeredSpots(this.state).some((each) => spotKey(each) === spotKey(spot))
  }
}

function answer(mac: string): TransitionEvent {
  return { kind: 'answer', address, interface: 'eth0', mac }
}

function answering(): Machine {
  const machine = new Machine()
  machine.run(800)
  expect(machine.answers).toBe(true)
  // It does not look any more whether somebody else answers.
  machine.run(20_000)
  machine.steps = []
  return machine
}

describe('taking an address', () => {
  test('waits for the timeout, asks three times, and answers 5 ms after the last question', () => {
    const machine = new Machine()
    expect(machine.steps).toEqual([{ kind: 'revive' }])
    expect(machine.times('probe', 699)).toEqual([600, 647.5, 695])
    expect(machine.answers).toBe(false)
    machine.run(700)
    expect(machine.steps.slice(-4)).toEqual([
      { kind: 'program', add: [spot], remove: [] },
      { kind: 'beat' },
      { kind: 'gratuitous', spots: [spot] },
      { kind: 'tell', news: [{ kind: 'taken', spot, from: undefined }] },
    ])
  })

  test('tells everybody at once and five times more', () => {
    const machine = new Machine()
    machine.run(699)
    expect(machine.times('gratuitous', 20_000)).toEqual([700, 800, 1_100, 1_800, 2_900, 4_000])
  })

  test('asks again every 100 ms while a member answers that does not hand over', () => {
    const machine = new Machine()
    for (machine.run(600); machine.now < 2_000; machine.run(machine.now + 100)) {
      machine.turn(answer(HIGHER))
    }
    expect(machine.answers).toBe(false)
    const waits = { kind: 'waits', spot, obstacle: { kind: 'held', mac: HIGHER } }
    expect(machine.news()).toEqual([waits])
    machine.run(2_300)
    expect(machine.answers).toBe(true)
  })

  test('begins anew if answers may have been lost', () => {
    const machine = new Machine()
    machine.links = new Map([...machine.links, ['eth1', HIGHER]])
    machine.run(699)
    machine.now = 700
    expect(machine.turn({ kind: 'missed', interface: 'eth0' })).toContainEqual({
      kind: 'program',
      add: [{ ...spot, interface: 'eth1' }],
      remove: [],
    })
    expect(machine.answers).toBe(false)
    machine.run(799)
    expect(machine.answers).toBe(false)
    machine.run(800)
    expect(machine.answers).toBe(true)
    machine.turn({ kind: 'missed', interface: 'eth0' })
    expect(machine.answers).toBe(true)
  })

  test('waits a second if it cannot be asked for', () => {
    const machine = new Machine()
    machine.run(600)
    const elsewhere = { address: spot.address, interface: 'eth9' }
    machine.turn({ kind: 'unasked', spots: [spot, elsewhere] })
    expect(machine.news()).toEqual([{ kind: 'waits', spot, obstacle: { kind: 'refused' } }])
    expect(machine.times('probe', 1_700)).toEqual([1_600, 1_647.5, 1_695])
    expect(machine.answers).toBe(true)
  })

  test('is undone if a stranger answers late, and a question later gets as much time as that took', () => {
    const machine = new Machine()
    machine.run(750)
    expect(machine.turn(answer(STRANGER))).toContainEqual({
      kind: 'program',
      add: [],
      remove: [spot],
    })
    expect(machine.answers).toBe(false)
    const conflict = { kind: 'conflict', mac: STRANGER } as const
    expect(machine.news()).toEqual([
      { kind: 'taken', spot, from: undefined },
      { kind: 'withdrawn', spot, mac: STRANGER },
      { kind: 'waits', spot, obstacle: conflict },
    ])
    // 150 ms after the first question: the verdict comes after 300 ms now.
    const [asked, ...more] = machine.times('probe', 2_049)
    expect([asked, more.length, machine.answers]).toEqual([1_750, 2, false])
    machine.run(2_050)
    expect(machine.answers).toBe(true)
  })

  test('is defended if a stranger comes later', () => {
    const machine = new Machine()
    machine.run(900)
    machine.turn(answer(STRANGER))
    expect(machine.answers).toBe(true)
    expect(machine.news().at(-1)).toEqual({ kind: 'disputed', spot, mac: STRANGER })
  })

  test('asks again every second while a stranger answers', () => {
    const machine = new Machine()
    machine.run(600)
    machine.turn(answer('02:00:00:00:00:99'))
    expect(machine.times('probe', 1_650)).toEqual([1_600, 1_647.5])
    expect(machine.news()).toMatchObject([{ kind: 'waits', obstacle: { kind: 'conflict' } }])
  })

  test('is done at once when the one that answers hands over', () => {
    const machine = new Machine()
    machine.members = [offering]
    machine.run(600)
    machine.now = 601
    expect(machine.turn(answer(HIGHER))[0]).toEqual({ kind: 'program', add: [spot], remove: [] })
    expect(machine.news()).toEqual([{ kind: 'taken', spot, from: 'b' }])
  })

  test.each([
    ['is dead', { state: 'dead' as const }],
    ['may have said something else since', { isCurrent: false }],
    ['claims it only', { offers: new Set<Address>() }],
  ])('is not done when the one that answers %s', (_, change) => {
    const machine = new Machine()
    machine.members = [{ ...offering, ...change }]
    machine.run(600)
    machine.turn(answer(HIGHER))
    expect(machine.answers).toBe(false)
  })

  test('is given up silently when another becomes the owner before it is done', () => {
    const machine = new Machine()
    machine.run(620)
    machine.steps = []
    machine.owner = 'b'
    machine.turn()
    expect(machine.state.spots.size).toBe(0)
    expect(machine.steps).toEqual([])
  })

  test('is asked for at once when the one that held it hands it over', () => {
    const machine = new Machine()
    machine.run(600)
    machine.turn(answer(HIGHER))
    machine.now = 610
    machine.members = [offering]
    expect(machine.turn()).toContainEqual({ kind: 'probe', spots: [spot] })
  })

  test('listens from when the question was sent, if other steps came before', () => {
    const machine = new Machine()
    machine.run(600)
    machine.now = 640
    expect(askedLate(machine.state, [spot], 620)).toEqual([])
    machine.turn(...askedLate(machine.state, [spot], 640))
    expect(machine.times('probe', 800)).toEqual([687.5, 735])
  })

  test('is not shortened by a question that was late, and is asked again meanwhile', () => {
    const machine = new Machine()
    machine.run(600)
    machine.now = 640
    const late = { kind: 'asked', spots: [spot], at: 620 } as const
    machine.turn({ kind: 'missed', interface: 'eth0' }, late)
    expect(machine.times('probe', 800)).toEqual([687.5, 735])
  })

  test('begins anew for one that did not listen', () => {
    const machine = new Machine()
    machine.run(650)
    machine.now = 2_000
    expect(machine.turn()).toContainEqual({ kind: 'probe', spots: [spot] })
    machine.run(2_099)
    expect(machine.answers).toBe(false)
    machine.run(2_100)
    expect(machine.answers).toBe(true)
  })

  test('of two that ask at once the one with the lower MAC address goes on', () => {
    for (const [mac, answers] of [
      [LOWER, false],
      [HIGHER, true],
    ] as const) {
      const machine = new Machine()
      machine.run(620)
      machine.turn({ kind: 'probe', address, interface: 'eth0', mac })
      machine.run(700)
      expect(machine.answers).toBe(answers)
    }
  })

  test('is asked for when another node took it before the kernel heard that it is offered no more', () => {
    const machine = new Machine()
    machine.run(700)
    machine.addresses = [address, '192.0.2.2' as Address]
    machine.run(900)
    machine.turn({ kind: 'taken', addresses: [address] })
    const held = answeredSpots(machine.state).map((each) => each.address)
    expect(held).toEqual(['192.0.2.2'])
    expect(machine.news().at(-1)).toEqual({ kind: 'withdrawn', spot, mac: undefined })
    machine.run(1_200)
    expect(machine.answers).toBe(true)
  })

  test('is tried again after a second when the kernel refuses', () => {
    const machine = new Machine()
    machine.run(700)
    machine.turn({ kind: 'refused', spots: [spot] })
    expect(machine.answers).toBe(false)
    expect(machine.times('program', 1_900)).toEqual([1_800])
  })

  test('is told of once when the kernel refuses again and again', () => {
    const machine = new Machine()
    machine.run(650)
    const refused: TransitionEvent = { kind: 'refused', spots: [spot] }
    machine.turn(refused)
    machine.run(1_700)
    machine.turn(refused)
    expect(machine.news()).toEqual([{ kind: 'waits', spot, obstacle: { kind: 'refused' } }])
  })

  test('is not tried again when the kernel refuses one that was given up since', () => {
    const machine = new Machine()
    machine.run(700)
    machine.owner = undefined
    machine.turn()
    machine.steps = []
    machine.turn({ kind: 'refused', spots: [spot] })
    expect(machine.state.spots.size).toBe(0)
    expect(machine.steps).toEqual([])
  })

  test('takes all addresses in one round', () => {
    const machine = new Machine()
    machine.addresses = Array.from(
      { length: 1_000 },
      (_, at) => `10.0.${at >> 8}.${at & 255}` as Address,
    )
    expect(machine.times('probe', 799)).toEqual([600, 647.5, 695])
    const programs = machine.steps.filter(({ kind }) => kind === 'program')
    expect(programs).toMatchObject([{ add: { length: 1_000 } }])
  })
})

describe('a handover', () => {
  function takenOver(): Machine {
    const machine = new Machine()
    machine.members = [offering]
    machine.run(600)
    machine.turn(answer(HIGHER))
    machine.steps = []
    return machine
  }

  test('ends when the other says that it is silent', () => {
    const machine = takenOver()
    machine.turn(answer(HIGHER))
    machine.members = [member]
    machine.turn()
    machine.members = []
    machine.run(3_000)
    expect(machine.answers).toBe(true)
  })

  test('is told to everybody when the other is silent', () => {
    const machine = takenOver()
    machine.run(machine.now + 200)
    expect(machine.steps.filter(({ kind }) => kind === 'gratuitous')).toEqual([])
    machine.members = [member]
    machine.turn()
    const silent = machine.now
    const times = machine.times('gratuitous', silent + 20_000).map((at) => at - silent)
    expect(times).toEqual([10, 110, 410, 1_110, 2_210, 3_310])
  })

  test('is asked about when the other is not heard any more, and goes on where nobody answers', () => {
    const machine = takenOver()
    machine.members = []
    machine.steps = []
    expect(machine.turn()).toContainEqual({ kind: 'probe', spots: [spot] })
    expect(machine.answers).toBe(true)
    machine.run(machine.now + 200)
    expect(machine.answers).toBe(true)
    expect(machine.steps).toContainEqual({ kind: 'gratuitous', spots: [spot] })
    expect(machine.news()).toEqual([])
  })

  test('is undone when the kernel of one that is not heard any more answers', () => {
    const machine = takenOver()
    machine.members = [{ ...member, state: 'dead' }]
    machine.turn()
    machine.steps = []
    const steps = machine.turn({ kind: 'answer', address, interface: 'eth0', mac: HIGHER })
    expect(steps[0]).toEqual({ kind: 'program', add: [], remove: [spot] })
    expect(machine.news()).toEqual([{ kind: 'withdrawn', spot, mac: HIGHER }])
  })

  test.each([
    ['answers still', true],
    ['does not', false],
  ])(
    'goes on when the other has changed its mind, until the wire was asked and that %s',
    (_, answers) => {
      const machine = takenOver()
      const begun = machine.now
      machine.members = [{ ...offering, offers: new Set<Address>() }]
      machine.turn()
      expect(machine.answers).toBe(true)
      expect(machine.times('probe', begun + 100).map((at) => at - begun)).toEqual([100])
      if (answers) machine.turn(answer(HIGHER))
      expect(machine.answers).toBe(!answers)
      machine.members = [member]
      const told = machine.times('gratuitous', begun + 299)
      expect(told.map((at) => at - begun)).toEqual(answers ? [] : [250])
    },
  )

  test('to this node goes on to a third one, which is offered it when no doubt is left', () => {
    const third = { ...member, node: 'c', macs: [LOWER] }
    const machine = takenOver()
    machine.owner = 'c'
    for (const first of [offering, { ...offering, offers: new Set<Address>() }]) {
      machine.members = [first, third]
      machine.turn()
      expect(machine.answers).toBe(true)
    }
    machine.run(machine.now + 100)
    machine.turn(answer(HIGHER))
    expect(machine.answers).toBe(false)
  })

  test('that another member contradicts before it was programmed is never programmed', () => {
    const machine = new Machine()
    machine.members = [offering, { ...member, node: 'c', macs: [LOWER] }]
    machine.run(600)
    const steps = machine.turn(answer(HIGHER), answer(LOWER), answer(LOWER))
    expect(steps.filter(({ kind }) => kind === 'program')).toEqual([])
    expect(machine.news()).toEqual([
      { kind: 'taken', spot, from: 'b' },
      { kind: 'withdrawn', spot, mac: LOWER },
    ])
  })

  test('is waited for when the list of the other is not known', () => {
    const machine = takenOver()
    machine.members = [{ ...member, isCurrent: false }]
    machine.turn()
    expect(machine.answers).toBe(true)
  })
})

describe('giving an address up', () => {
  test('waits until the owner answers on all its interfaces', () => {
    const machine = answering()
    machine.owner = 'b'
    expect(machine.turn()).toEqual([{ kind: 'beat' }])
    const partly = new Set([address])
    for (const each of [
      { ...member, claims: partly, partly },
      { ...member, claims: partly, isCurrent: false },
    ]) {
      machine.members = [each]
      machine.turn()
      expect(machine.answers).toBe(true)
    }
    machine.members = [{ ...member, claims: new Set([address]) }]
    expect(machine.turn()).toEqual([
      { kind: 'program', add: [], remove: [spot] },
      { kind: 'beat' },
      { kind: 'tell', news: [{ kind: 'given', spot, to: 'b' }] },
    ])
  })

  test('is done without the list of the owner if that says that it has taken what was offered', () => {
    const machine = answering()
    machine.owner = 'b'
    machine.turn()
    machine.members = [{ ...member, taken: new Set([address]), isCurrent: false }]
    expect(machine.turn()[0]).toEqual({ kind: 'program', add: [], remove: [spot] })
  })

  test('is done at once when nobody may have it, or nobody wants it', () => {
    for (const change of [{ owner: undefined }, { addresses: [] }]) {
      const machine = Object.assign(answering(), change)
      expect(machine.turn()[0]).toEqual({ kind: 'program', add: [], remove: [spot] })
    }
  })

  test('is done at once without carrier, also when that is back', () => {
    const machine = answering()
    const steps = machine.turn({ kind: 'lost', interface: 'eth0' })
    expect(steps[0]).toEqual({ kind: 'program', add: [], remove: [spot] })
    expect(steps).toContainEqual({ kind: 'probe', spots: [spot] })
  })

  test.each([
    ['at once, when the owner dies without having said that it answers', 'dead', 0],
    ['when the kernel of one that is no longer the owner has had 100 ms', 'live', 100],
  ] as const)('is doubted %s', (_, state, after) => {
    const machine = answering()
    machine.owner = 'b'
    machine.turn()
    machine.owner = 'a'
    machine.members = [{ ...member, state }]
    const began = machine.now
    const asked = machine.turn().some(({ kind }) => kind === 'probe')
    expect(asked ? [began] : machine.times('probe', began + 150)).toEqual([began + after])
    machine.turn(answer(HIGHER))
    expect(machine.answers).toBe(false)
  })
})

test('an address that was offered to one that died is offered to the next only when the wire was asked', () => {
  const machine = answering()
  machine.owner = 'b'
  machine.turn()
  machine.owner = 'c'
  machine.members = [
    { ...member, state: 'dead' },
    { ...member, node: 'c', macs: [LOWER] },
  ]
  expect(machine.turn()).toContainEqual({ kind: 'probe', spots: [spot] })
  const announcements = new Map([[address, { owner: 'c', candidates: ['a', 'b', 'c'] }]])
  const claims = (): unknown =>
    claimsFor({ node: 'c', claims: new Set() }, machine.state, announcements, machine.now)
  expect(claims()).toEqual(new Map([[address, 'wholly']]))
  // The kernel of the dead one answers: it took the address before it could say so.
  const before = machine.state
  machine.turn(answer(HIGHER))
  expect(machine.answers).toBe(false)
  machine.state = before
  machine.run(machine.now + 150)
  expect(claims()).toEqual(new Map([[address, 'offered']]))
})

test('an address is asked for each time that one dies to which it was offered before', () => {
  const machine = answering()
  const gone: Member = { ...member, state: 'dead' }
  machine.owner = 'b'
  machine.turn()
  machine.owner = 'a'
  machine.turn()
  const probes = [member, gone, gone, member, gone].map((each) => {
    machine.members = [each]
    machine.now++
    return machine.turn().filter(({ kind }) => kind === 'probe').length
  })
  expect(probes).toEqual([0, 1, 0, 0, 1])
  machine.turn(answer(HIGHER))
  expect(machine.answers).toBe(false)
})

test('one that may have taken an address hears that it is claimed, even if it is no candidate any more', () => {
  const machine = answering()
  const candidate = { address, owner: 'a', candidates: ['a'], parties: ['a'] }
  const announcements = new Map([[address, candidate]])
  const saysTo = (node: string): unknown => {
    const { spots } = machine.state
    const claims = claimsFor({ node, claims: new Set() }, machine.state, announcements, machine.now)
    return [...peersOf('a', spots, announcements.values(), [])].includes(node) && [...claims]
  }
  machine.owner = 'b'
  machine.turn()
  expect(saysTo('b')).toBe(false)
  machine.owner = 'a'
  machine.turn()
  expect(saysTo('b')).toEqual([[address, 'wholly']])
  expect(saysTo('c')).toBe(false)
})

test.each([
  ['never comes back', { ...member, state: 'dead' as const }],
  ['goes on without it', member],
])(
  'one that was offered an address and %s is forgotten when it cannot answer any more',
  (_, each) => {
    const machine = answering()
    machine.owner = 'b'
    machine.turn()
    machine.owner = 'a'
    machine.turn()
    machine.members = [each]
    const told = (): boolean => peersOf('a', machine.state.spots, [], []).has('b')
    const longest = machine.now + settings.timeout + settings.hold
    machine.run(longest - 1)
    expect(told()).toBe(true)
    machine.run(longest + settings.interval)
    expect(told()).toBe(false)
    machine.steps = []
    machine.members = [{ ...member, state: 'dead' }]
    machine.run(machine.now + settings.interval)
    expect(machine.steps.filter(({ kind }) => kind === 'probe')).toEqual([])
    expect(machine.answers).toBe(true)
  },
)

test('an address whose owner changes again and again is asked for once', () => {
  const machine = answering()
  machine.members = ['b', 'c', 'd'].map((node) => ({ ...member, node }))
  machine.steps = []
  for (const owner of ['b', 'c', 'd']) {
    machine.owner = owner
    machine.turn()
  }
  machine.run(machine.now + 300)
  expect(machine.steps.filter(({ kind }) => kind === 'probe')).toHaveLength(1)
  expect(machine.answers).toBe(true)
})

test('an address is claimed partly while it is asked for on one interface and answered on another', () => {
  const announcements = new Map([[address, { owner: 'a', candidates: ['a', 'b'] }]])
  const claims = (machine: Machine) =>
    claimsFor({ node: 'b', claims: new Set() }, machine.state, announcements, machine.now)
  const asking = new Machine()
  asking.run(600)
  expect(claims(asking)).toEqual(new Map())
  const machine = answering()
  expect(claims(machine)).toEqual(new Map([[address, 'wholly']]))
  machine.links = new Map([...machine.links, ['eth1', HIGHER]])
  machine.turn()
  expect(claims(machine)).toEqual(new Map([[address, 'partly']]))
  machine.run(machine.now + 1_000)
  expect(claims(machine)).toEqual(new Map([[address, 'wholly']]))
})

describe('an address that another one claims', () => {
  const stranger = answer(STRANGER)

  test('is defended against a stranger, at most every 10 seconds', () => {
    const machine = answering()
    expect(machine.turn(stranger)).toContainEqual({ kind: 'gratuitous', spots: [spot] })
    expect(machine.turn(stranger)).toEqual([])
    machine.run(29_999)
    expect(machine.turn(stranger)).toEqual([])
    machine.run(30_001)
    expect(machine.turn(stranger)).toContainEqual({ kind: 'gratuitous', spots: [spot] })
    expect(machine.news()).toEqual([{ kind: 'disputed', spot, mac: STRANGER }])
    expect(machine.answers).toBe(true)
  })

  test('is disputed until the stranger was asked twice, 10 seconds after it was heard, and is silent', () => {
    const machine = answering()
    machine.turn(stranger)
    const began = machine.now
    expect(machine.times('probe', began + 10_000)).toEqual([began + 10_000])
    machine.turn(stranger)
    const heard = machine.now
    expect(machine.times('probe', heard + 10_099)).toEqual([heard + 10_000, heard + 10_050])
    expect(machine.news()).toEqual([{ kind: 'disputed', spot, mac: STRANGER }])
    machine.run(heard + 10_100)
    expect(machine.news().slice(1)).toEqual([{ kind: 'undisputed', spot, mac: STRANGER }])
    expect(machine.times('probe', heard + 60_000)).toEqual([])
  })

  test('is disputed by each stranger', () => {
    const machine = answering()
    machine.turn(stranger, answer(OTHER_STRANGER), answer(OTHER_STRANGER))
    machine.run(machine.now + 10_100)
    expect(machine.news()).toEqual([
      { kind: 'disputed', spot, mac: STRANGER },
      { kind: 'disputed', spot, mac: OTHER_STRANGER },
      { kind: 'undisputed', spot, mac: OTHER_STRANGER },
    ])
  })

  test('stays disputed if the stranger cannot be asked, or nobody listened', () => {
    const machine = answering()
    machine.turn(stranger)
    machine.run(machine.now + 10_050)
    machine.turn({ kind: 'unasked', spots: [spot] })
    machine.run(machine.now + 1_099)
    expect(machine.news()).toHaveLength(1)
    // A turn that comes late has not heard what was said meanwhile.
    machine.now += settings.timeout
    machine.turn()
    machine.run(machine.now + 99)
    expect(machine.news()).toHaveLength(1)
    expect(machine.answers).toBe(true)
    machine.run(machine.now + 1)
    expect(machine.news()).toHaveLength(2)
  })

  test('that a stranger had is not disputed any more when it is taken', () => {
    const machine = new Machine()
    machine.run(600)
    machine.turn(stranger)
    machine.run(1_800)
    expect(machine.news()).toEqual([
      { kind: 'waits', spot, obstacle: { kind: 'conflict', mac: STRANGER } },
      { kind: 'taken', spot, from: undefined },
      { kind: 'undisputed', spot, mac: STRANGER },
    ])
  })

  test('is defended against a member with a higher MAC address, which is no dispute', () => {
    const machine = answering()
    expect(machine.turn(answer(HIGHER))).toEqual([{ kind: 'gratuitous', spots: [spot] }])
    expect(machine.turn(answer(HIGHER))).toEqual([])
    expect(machine.answers).toBe(true)
  })

  test('is asked for if a member with a lower MAC address claims it, and left if that answers', () => {
    const machine = answering()
    machine.members = [{ ...member, macs: [LOWER] }]
    expect(machine.turn(answer(LOWER))).toEqual([{ kind: 'beat' }])
    // Beats may settle it: until it has asked, it does not give way.
    machine.turn(answer(LOWER))
    const heard = machine.now
    expect(machine.times('probe', heard + 200)).toEqual([heard + 100])
    expect(machine.answers).toBe(true)
    machine.turn(answer(LOWER))
    expect(machine.answers).toBe(false)
  })

  test('is asked for later if a dead member with a higher MAC address claims it, and left if that answers', () => {
    const machine = answering()
    machine.members = [{ ...member, state: 'dead' }]
    expect(machine.turn(answer(HIGHER))).toContainEqual({ kind: 'gratuitous', spots: [spot] })
    const heard = machine.now
    expect(machine.times('probe', heard + 300)).toEqual([heard + 300])
    machine.turn(answer(HIGHER))
    expect(machine.answers).toBe(false)
  })

  test('is asked for again if that could not be asked', () => {
    const machine = answering()
    machine.members = [{ ...member, macs: [LOWER] }]
    machine.turn(answer(LOWER))
    machine.run(machine.now + 100)
    const probed = machine.now
    machine.turn({ kind: 'unasked', spots: [spot] })
    expect(machine.times('probe', probed + 200)).toEqual([probed + 100])
    machine.turn(answer(LOWER))
    expect(machine.answers).toBe(false)
  })

  test('is not doubted for what this node sent itself', () => {
    const machine = answering()
    expect(machine.turn(answer(OWN))).toEqual([])
  })
})

describe('the kernel', () => {
  test('is renewed ten times before it falls silent', () => {
    const machine = answering()
    expect(machine.times('renew', 26_000)).toHaveLength(4)
  })

  test('that fell silent is emptied first, and nothing is taken before the others are heard', () => {
    for (const events of [[{ kind: 'ran-out' as const }], []]) {
      const machine = answering()
      if (events.length === 0) machine.now += settings.hold
      expect(machine.turn(...events)).toEqual([
        { kind: 'revive' },
        { kind: 'tell', news: [{ kind: 'ran-out' }] },
      ])
      expect(machine.answers).toBe(false)
      expect(machine.state.isSettled).toBe(false)
      const since = machine.now
      const asked = [600, 647.5, 695].map((after) => since + after)
      expect(machine.times('probe', since + 700)).toEqual(asked)
    }
  })

  test('that still answers is asked about, and given up for a member that answers as well', () => {
    const machine = new Machine({ isAlive: true, spots: [spot] })
    const adopting = { kind: 'program', add: [], remove: [] }
    expect(machine.steps).toEqual([adopting, { kind: 'probe', spots: [spot] }])
    expect(machine.turn(answer(HIGHER))[0]).toEqual({ kind: 'program', add: [], remove: [spot] })
  })
})

test('a new MAC address is told to everybody', () => {
  const machine = answering()
  machine.links = new Map([['eth0', LOWER]])
  expect(machine.turn()).toContainEqual({ kind: 'gratuitous', spots: [spot] })
})

test('each address is told of once at once, and then no interface sends more than 200 packets a second', () => {
  const machine = new Machine()
  machine.addresses = Array.from(
    { length: 500 },
    (_, at) => `10.0.${at >> 8}.${at & 255}` as Address,
  )
  machine.run(699)
  const sent: { readonly at: number; readonly address: Address }[] = []
  while (machine.state.due < 40_000) {
    machine.now = machine.state.due
    for (const step of machine.turn()) {
      if (step.kind !== 'gratuitous') continue
      for (const each of step.spots) sent.push({ at: machine.now, address: each.address })
    }
  }
  expect(sent).toHaveLength(500 * 6)
  const first = sent.filter((each) => each.at === 700)
  expect(new Set(first.map((each) => each.address)).size).toBe(500)
  for (let at = 700; at < 32_000; at += 1_000) {
    const packets = 2 * sent.filter((each) => each.at >= at && each.at < at + 1_000).length
    expect(packets).toBeLessThanOrEqual(at === 700 ? 1_000 : 220)
  }
})

describe('a newcomer', () => {
  /** Whether it has settled, a little after it has listened. */
  function settledBeside(...members: readonly Member[]): boolean {
    const machine = new Machine()
    machine.members = members
    for (machine.now = 0; machine.now < 1_000; machine.now += 100) machine.turn()
    return machine.state.isSettled
  }

  test('ranks behind one that has settled, until it has settled itself', () => {
    expect(settledBeside(member)).toBe(false)
    const machine = new Machine()
    machine.now = 10_000
    machine.turn()
    expect(machine.state.isSettled).toBe(true)
  })

  test('counts as settled where no other has: nobody is there to be disturbed', () => {
    expect(settledBeside()).toBe(true)
    expect(settledBeside({ ...member, settled: false })).toBe(true)
    expect(settledBeside({ ...member, state: 'dead' })).toBe(true)
  })

  test('is not judged before it has heard who is there', () => {
    const machine = new Machine()
    machine.members = []
    machine.now = 500
    machine.turn()
    expect(machine.state.isSettled).toBe(false)
  })
})
