import { describe, expect, test } from 'vitest'
import type { Beat, Claims } from '../../src/announce/beat.ts'
import { digestOf, partsOf } from '../../src/announce/beat-claims.ts'
import {
  changeMembers,
  lacksList,
  type Members,
  membersAt,
  nextDeath,
  noMembers,
} from '../../src/announce/members.ts'
import type { Address } from '../../src/model/address.ts'

const TIMEOUT = 600
const NONE: Claims = new Map()

function beat(fields: Partial<Beat> = {}, claims: Claims = NONE): Beat {
  return {
    node: 'node-a',
    incarnation: 10,
    sequence: 1,
    state: 'live',
    settled: true,
    links: [{ name: 'eth0', mac: '02:00:00:00:00:0a' }],
    wantsList: false,
    offer: undefined,
    takes: undefined,
    digest: digestOf(claims),
    part: partsOf(claims)[0],
    ...fields,
  }
}

function hearing(...beats: readonly (readonly [number, Beat])[]): Members {
  return beats.reduce(
    (members, [at, each]) => changeMembers(members, { kind: 'beat', beat: each }, at),
    noMembers(TIMEOUT),
  )
}

function stateAt(members: Members, now: number): string | undefined {
  return membersAt(members, now)[0]?.state
}

describe('a member', () => {
  test('lives for the timeout after each beat, and what it says counts', () => {
    const members = hearing([0, beat()], [500, beat({ sequence: 2, state: 'leaving' })])
    expect(stateAt(members, 1_099)).toBe('leaving')
    expect(nextDeath(members, 500)).toBe(1_100)
    expect(stateAt(members, 1_100)).toBe('dead')
    expect(nextDeath(members, 1_100)).toBeUndefined()
    expect(membersAt(members, 500)[0]).toMatchObject({
      node: 'node-a',
      macs: ['02:00:00:00:00:0a'],
      interfaces: ['eth0'],
    })
  })

  test('is not kept alive by a beat that came before, doubled or replayed', () => {
    const first = beat({ sequence: 5 })
    const members = hearing([0, first], [500, first], [500, beat({ sequence: 4 })])
    expect(stateAt(members, 600)).toBe('dead')
  })

  test('is not revived by a beat of the same run that came before', () => {
    const members = hearing([0, beat({ sequence: 5 })], [10_000, beat({ sequence: 5 })])
    expect(stateAt(members, 10_000)).toBe('dead')
  })

  test('that starts again is believed at once, whatever its sequence', () => {
    const again = beat({ incarnation: 11, sequence: 1, settled: false })
    const members = hearing([0, beat({ sequence: 5 })], [100, again])
    expect(membersAt(members, 100)[0]?.settled).toBe(false)
  })

  test('whose clock stepped back is believed after a silence, and not before', () => {
    const again = beat({ incarnation: 3, settled: false })
    expect(membersAt(hearing([0, beat()], [599, again]), 599)[0]?.settled).toBe(true)
    expect(membersAt(hearing([0, beat()], [600, again]), 600)[0]?.settled).toBe(false)
  })

  test('gets one more interval if this node did not listen, unless it was dead before', () => {
    const members = hearing([0, beat()], [500, beat({ node: 'node-b' })])
    const late = { kind: 'late', interval: 200, since: 800 } as const
    const after = changeMembers(members, late, 4_000)
    expect(membersAt(after, 4_199).map(({ state }) => state)).toEqual(['dead', 'live'])
    expect(membersAt(after, 4_200).map(({ state }) => state)).toEqual(['dead', 'dead'])
  })

  test('is forgotten with its Node', () => {
    const members = hearing([0, beat()], [0, beat({ node: 'node-b' })])
    const after = changeMembers(members, { kind: 'nodes', nodes: new Set(['node-b']) }, 1)
    expect(membersAt(after, 1).map(({ node }) => node)).toEqual(['node-b'])
  })
})

describe('claims', () => {
  const [one, two] = ['192.0.2.1', '192.0.2.2'] as Address[] as [Address, Address]
  const few: Claims = new Map([
    [one, 'offered'],
    [two, 'partly'],
  ])

  test('are known by kind', () => {
    const [member] = membersAt(hearing([0, beat({}, few)]), 0)
    expect(member).toMatchObject({
      claims: new Set([one, two]),
      offers: new Set([one]),
      partly: new Set([two]),
      isCurrent: true,
    })
  })

  test('stay when a beat has the digest only, as long as it is that of the list', () => {
    const quiet = beat({ sequence: 2, part: undefined }, few)
    const members = hearing([0, beat({}, few)], [200, quiet])
    expect(membersAt(members, 200)[0]?.isCurrent).toBe(true)
    expect(lacksList(members, 'node-a', 200)).toBe(false)
  })

  test('are asked for when the list was lost, and are not current meanwhile', () => {
    const members = hearing([0, beat({}, few)], [200, beat({ sequence: 3, part: undefined })])
    expect(membersAt(members, 200)[0]).toMatchObject({
      isCurrent: false,
      claims: new Set([one, two]),
    })
    expect(lacksList(members, 'node-a', 200)).toBe(true)
    const told = changeMembers(members, { kind: 'beat', beat: beat({ sequence: 4 }) }, 210)
    expect(membersAt(told, 210)[0]).toMatchObject({ isCurrent: true, claims: new Set() })
  })

  const offered = {
    kind: 'offered',
    node: 'node-a',
    offer: 'ab',
    addresses: new Set([one]),
  } as const

  test.each([
    ['says so', { takes: 'ab' }, [one]],
    ['speaks of another offer', { takes: 'cd' }, []],
    ['says nothing of it', {}, []],
  ])('are taken from this node without a list if its beat %s', (_, said, expected) => {
    const offering = changeMembers(hearing([0, beat({}, few)]), offered, 0)
    const taken = beat({ sequence: 2, part: undefined, ...said })
    const members = changeMembers(offering, { kind: 'beat', beat: taken }, 10)
    expect(membersAt(members, 10)[0]).toMatchObject({
      taken: new Set(expected),
      isCurrent: false,
    })
    const same = beat({ sequence: 3, part: undefined })
    const still = changeMembers(members, { kind: 'beat', beat: same }, 20)
    expect(membersAt(still, 20)[0]?.taken).toEqual(new Set(expected))
    const other = beat({ sequence: 4, part: undefined }, new Map([[two, 'wholly']]))
    const gone = changeMembers(still, { kind: 'beat', beat: other }, 30)
    expect(membersAt(gone, 30)[0]?.taken).toEqual(new Set())
  })

  test('of which the parts are not what the digest is of are asked for', () => {
    const many: Claims = new Map(
      Array.from({ length: 150 }, (_, at) => [`198.51.100.${at}` as Address, 'wholly'] as const),
    )
    const [first, second] = partsOf(many)
    const other = second && { ...second, claims: few }
    const members = hearing(
      [0, beat({ part: first }, many)],
      [0, beat({ sequence: 2, part: other }, many)],
    )
    expect(membersAt(members, 0)[0]).toMatchObject({ isCurrent: false, claims: new Set() })
    expect(lacksList(members, 'node-a', 200)).toBe(true)
    const healed = [first, second].reduce(
      (known, part, at) =>
        changeMembers(known, { kind: 'beat', beat: beat({ sequence: 3 + at, part }, many) }, 0),
      members,
    )
    expect(membersAt(healed, 0)[0]?.claims.size).toBe(150)
  })

  test('come in parts, and count when all of one list are there', () => {
    const many: Claims = new Map(
      Array.from({ length: 300 }, (_, at) => [`198.51.100.${at}` as Address, 'wholly'] as const),
    )
    const parts = partsOf(many)
    expect(parts.length).toBeGreaterThan(2)
    const beats = parts.map((part, at) => beat({ sequence: at + 1, part }, many))
    const all = hearing(...beats.map((each) => [0, each] as const))
    expect(membersAt(all, 0)[0]?.claims.size).toBe(300)
    const without = hearing(...beats.slice(1).map((each) => [0, each] as const))
    expect(membersAt(without, 0)[0]).toMatchObject({ isCurrent: false, claims: new Set() })
    expect([49, 50].map((now) => lacksList(without, 'node-a', now))).toEqual([false, true])
    const again = parts.map((part, at) => beat({ sequence: 100 + at, part }, many))
    const healed = again.reduce(
      (members, each) => changeMembers(members, { kind: 'beat', beat: each }, 50),
      without,
    )
    expect(membersAt(healed, 50)[0]?.claims.size).toBe(300)
  })
})
