import { describe, expect, test } from 'vitest'
import { announce, type Here } from '../../src/announce/announce.ts'
import { eligible } from '../../src/announce/eligible.ts'
import type { Member } from '../../src/announce/member.ts'
import type { AnnounceObjects } from '../../src/announce/objects.ts'
import { hashOrders } from '../../src/announce/order.ts'
import { peersOf } from '../../src/announce/peers.ts'
import {
  advertisement,
  everybody,
  here,
  labels,
  link,
  member,
  node,
  objects,
  select,
  service,
} from './objects.ts'

interface World {
  readonly objects?: Partial<AnnounceObjects>
  readonly here?: Partial<Here>
  readonly members?: readonly Member[]
}

const others = [member('n2'), member('n3')]

/** What n1 finds, of three Nodes that rank n2, n1, n3 for the only address. */
function found({ objects: rest = {}, here: own = {}, members = others }: World) {
  const eligibility = eligible(objects(rest), everybody)
  return announce(eligibility, here('n1', own), members, hashOrders())
}

function first(world: World) {
  const [announcement] = found(world)
  return announcement && { owner: announcement.owner, order: announcement.candidates.join(' ') }
}

describe('the owner', () => {
  test('is the first candidate', () => {
    expect(found({})).toEqual([
      {
        address: '192.0.2.1',
        services: ['shop/web'],
        interfaces: ['eth0'],
        candidates: ORDER,
        parties: ['n1', 'n2', 'n3'],
        owner: ORDER[0],
      },
    ])
  })

  test.each(['dead', 'leaving'] as const)(
    'is not one that is %s, which keeps its place',
    (state) => {
      const members = ORDER.slice(0, 1).map((name) => member(name, { state }))
      const rest = ORDER.slice(1).filter((name) => name !== 'n1')
      expect(first({ members: [...members, ...rest.map((name) => member(name))] })).toEqual({
        owner: ORDER[1],
        order: ORDER.join(' '),
      })
    },
  )

  test('is not one of which nothing is known', () => {
    expect(first({ members: [] })?.owner).toBe('n1')
  })

  test('is nobody if all are away and this node leaves', () => {
    expect(first({ members: [], here: { state: 'leaving' } })?.owner).toBeUndefined()
  })

  test('is one that is settled before one that is stale or a newcomer', () => {
    const [one = '', two = '', three = ''] = ORDER
    const world = (state: Member['state'], settled: boolean) => ({
      members: others.map((each) => (each.node === one ? { ...each, state, settled } : each)),
    })
    expect(first(world('live', false))).toEqual({ owner: two, order: `${two} ${three} ${one}` })
    expect(first(world('stale', true))).toEqual({ owner: two, order: `${two} ${three} ${one}` })
  })

  test('stays the same if all are stale, as when the API server is away', () => {
    const members = others.map((each) => ({ ...each, state: 'stale' as const }))
    expect(first({ members, here: { state: 'stale' } })).toEqual({
      owner: ORDER[0],
      order: ORDER.join(' '),
    })
  })
})

describe('a node without an interface', () => {
  test('is no candidate', () => {
    const [announcement] = found({ here: { links: [] } })
    expect(announcement).toMatchObject({ interfaces: [] })
    expect(announcement?.candidates).toEqual(ORDER.filter((name) => name !== 'n1'))
  })

  test('for IPv6 is one for IPv4', () => {
    const services = [service('six', ['2001:db8::1']), service('web', ['192.0.2.1'])]
    const links = [link('eth0', { hasLinkLocal: false })]
    const [six, four] = found({ objects: { services }, here: { links } })
    expect(six?.candidates).not.toContain('n1')
    expect(four?.candidates).toContain('n1')
  })

  test('that says so is no candidate either', () => {
    const advertisements = [advertisement('lan', { interfaces: ['eth1', 'eth2'] })]
    const links = [link('eth0'), link('eth1')]
    const members = [member('n2', { interfaces: ['eth0'] }), member('n3', { interfaces: ['eth2'] })]
    const [announcement] = found({ objects: { advertisements }, here: { links }, members })
    expect(announcement?.interfaces).toEqual(['eth1'])
    expect(announcement?.candidates.toSorted()).toEqual(['n1', 'n3'])
    const silent = found({ members: [member('n2', { interfaces: [] }), member('n3')] })
    expect(silent[0]?.candidates.toSorted()).toEqual(['n1', 'n3'])
  })
})

test('nodes of which each says that it has no interface beat to each other all the same', () => {
  const peersAt = (name: string, other: string): ReadonlySet<string> => {
    const eligibility = eligible(objects({ nodes: [node('n1'), node('n2')] }), everybody)
    const members = [member(other, { interfaces: [] })]
    const announcements = announce(eligibility, here(name), members, hashOrders())
    return peersOf(name, new Map(), announcements, members)
  }
  expect([...peersAt('n1', 'n2')]).toEqual(['n2'])
  expect([...peersAt('n2', 'n1')]).toEqual(['n1'])
})

test('both families of a Service are ordered by its first address', () => {
  const names = Array.from({ length: 12 }, (_, i) => `n${i}`)
  const orderOf = (addresses: readonly string[]) =>
    found({
      objects: { nodes: names.map((name) => node(name)), services: [service('web', addresses)] },
    }).map(({ candidates }) => candidates.join(' '))
  const [four, six] = orderOf(['192.0.2.1', '2001:db8::1'])
  expect(six).toBe(four)
  expect(orderOf(['2001:db8::1', '192.0.2.1'])).not.toContain(four)
})

test('an address of which this node is no candidate is told, too', () => {
  const [announcement] = found({ here: { node: 'elsewhere' }, members: [member('n2')] })
  expect(announcement).toMatchObject({ interfaces: [], owner: 'n2' })
})

/** By the SHA-256 of `n2#192.0.2.1` and so on. */
const ORDER = ['n2', 'n1', 'n3']

describe('among more than 16 Nodes', () => {
  const names = Array.from({ length: 17 }, (_, at) => `n${at + 1}`)
  const world = (nodes: readonly string[], dead: readonly string[] = []): World => ({
    objects: { nodes: nodes.map((name) => node(name)) },
    members: nodes
      .filter((name) => name !== 'n1')
      .map((name) => member(name, dead.includes(name) ? { state: 'dead' } : {})),
  })

  test('the first four stand for an address, whoever lives', () => {
    const [all] = found(world(names.slice(0, 16)))
    expect(all?.candidates).toHaveLength(16)
    const [few] = found(world(names))
    expect(few?.candidates).toHaveLength(4)
    const [now] = found(world(names, few?.candidates.slice(0, 2)))
    expect(now?.candidates).toEqual(few?.candidates)
    expect(now?.owner).toBe(few?.candidates[2])
  })

  test('those with the highest preference are among them', () => {
    const edge = labels({ edge: 'yes' })
    const all = names.map((name) => node(name, name === 'n9' ? { labels: edge } : {}))
    const preferred = [{ weight: 1, nodes: select({ edge: 'yes' }) }]
    const [announcement] = found({
      ...world(names),
      objects: { nodes: all, advertisements: [advertisement('a', { preferred })] },
    })
    expect(announcement?.candidates[0]).toBe('n9')
    expect(announcement?.candidates).toHaveLength(4)
  })
})
