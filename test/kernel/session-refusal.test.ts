import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { program, propose } from '../../src/dataplane/nftables/program.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import type { Address } from '../../src/model/address.ts'
import { textOf } from '../../src/plan/nftables/explain.ts'
import { eachOperation } from '../../src/plan/nftables/operation.ts'
import { TABLE_FLAG } from '../../src/ruleset/nftables/types.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import {
  asterisk,
  begin,
  bytesOf,
  committed,
  jellyfin,
  listed,
  nginx,
  scale,
  scaled,
  spoil,
  tablesOf,
  together,
} from './session-setup.ts'

const all = together(jellyfin, asterisk, nginx)
const JELLYFIN = bytesOf('203.0.113.14')

let other: NetlinkSocket
beforeAll(() => {
  enterNewNetwork()
  other = NetlinkSocket.open()
})
beforeEach(async () => {
  await nft('flush', 'ruleset')
})
afterAll(() => other.close())

describe('a Service whose change the kernel refuses', () => {
  test('stays as it was; the others are followed without reading the kernel', async () => {
    await using running = await begin(all)
    const { session } = running
    const before = await listed()
    const mend = spoil(running.socket, JELLYFIN)
    scale(session, jellyfin, 3)
    const refused = committed(await session.sync())
    expect(refused.refusals.map(({ service }) => service)).toEqual(['media/jellyfin'])
    expect([...session.refusals().keys()]).toEqual(['media/jellyfin'])
    expect(await listed()).toEqual(before)
    running.dumps()
    for (const count of [1, 2, 1]) {
      scale(session, nginx, count)
      const settled = committed(await session.sync())
      expect(settled).toMatchObject({ refusals: [] })
      expect(settled.operations).toBeGreaterThan(0)
      expect(settled.reread).toBeUndefined()
    }
    expect(await session.verify()).toMatchObject({ operations: 0 })
    expect(await elementsOf('203.0.113.14')).toEqual(elementsIn(before, '203.0.113.14'))
    mend()
    session.retryRefused()
    const taken = committed(await session.sync())
    expect(taken).toMatchObject({ refusals: [] })
    expect(taken.reread).toBeUndefined()
    expect(session.refusals().size).toBe(0)
    expect(await session.verify()).toMatchObject({ operations: 0 })
    scale(session, nginx, 9)
    await session.sync()
    expect(await lacking(together(scaled(jellyfin, 3), asterisk, nginx))).toEqual([])
  })

  test('is tried again when its slices change, and refused again', async () => {
    await using running = await begin(all)
    const { session } = running
    const before = await listed()
    const mend = spoil(running.socket, JELLYFIN)
    for (const count of [3, 2, 4]) {
      scale(session, jellyfin, count)
      expect(committed(await session.sync()).refusals).toHaveLength(1)
      expect(await listed()).toEqual(before)
    }
    mend()
    scale(session, jellyfin, 2)
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(session.refusals().size).toBe(0)
    expect(await lacking(together(scaled(jellyfin, 2), asterisk, nginx))).toEqual([])
  })

  test('and that is to go, goes when it can', async () => {
    await using running = await begin(all)
    const { session } = running
    const before = await listed()
    const mend = spoil(running.socket, JELLYFIN)
    session.renderer.removeService('media/jellyfin')
    expect(committed(await session.sync()).refusals).toHaveLength(1)
    expect(await listed()).toEqual(before)
    mend()
    session.renderer.readmit('media/jellyfin')
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(await session.verify()).toMatchObject({ operations: 0 })
    expect(await lacking(together(asterisk, nginx))).toEqual([])
  })

  test('shared changes that it made are no obstacle: one endpoint of two Services', async () => {
    const twin = renamed(jellyfin, 'twin', '203.0.113.15')
    await using running = await begin(together(jellyfin, twin, nginx))
    const { session } = running
    const mend = spoil(running.socket, JELLYFIN)
    scale(session, jellyfin, 2)
    scale(session, twin, 2)
    expect(committed(await session.sync()).refusals).toHaveLength(1)
    mend()
    session.retryRefused()
    await session.sync()
    expect(await session.verify()).toMatchObject({ operations: 0 })
    const wanted = together(scaled(jellyfin, 2), scaled(twin, 2), nginx)
    expect(await lacking(wanted)).toEqual([])
  })
})

describe('a Service that is refused at the start', () => {
  test('is exempt; nothing else is, then or later', async () => {
    const socket = NetlinkSocket.open()
    const mend = spoil(socket, JELLYFIN)
    const started = await startSession(socket, all)
    if (started.kind === 'failed') throw new Error(started.outcome.reason)
    const { session, first } = started
    expect(first.refusals.map(({ service }) => service)).toEqual(['media/jellyfin'])
    expect(await elementsOf('203.0.113.14')).toEqual([])
    expect((await elementsOf('203.0.113.76')).length).toBeGreaterThan(0)
    scale(session, nginx, 1)
    expect(committed(await session.sync()).reread).toBeUndefined()
    mend()
    session.renderer.readmit('media/jellyfin')
    expect(committed(await session.sync()).reread).toBeUndefined()
    scale(session, nginx, 9)
    await session.sync()
    expect(await lacking(all)).toEqual([])
    expect(await session.verify()).toMatchObject({ operations: 0 })
    socket.close()
  })

  test('stays as it was programmed before, also in a table made anew', async () => {
    await program(other, all)
    const before = await listed()
    const socket = NetlinkSocket.open()
    spoil(socket, bytesOf('10.244.9.9'))
    const started = await startSession(socket, together(moved(jellyfin), asterisk, nginx))
    if (started.kind === 'failed') throw new Error(started.outcome.reason)
    expect(started.first.refusals.map(({ service }) => service)).toEqual(['media/jellyfin'])
    expect((await tablesOf(socket)).map(({ flags }) => flags & TABLE_FLAG.owner)).toEqual([2, 2])
    expect(await listed()).toEqual(before)
    expect(await started.session.verify()).toMatchObject({ operations: 0 })
    socket.close()
  })
})

describe('a Service that cannot be read', () => {
  test('stays as the kernel has it until it can be read, or is gone', async () => {
    await (await begin(all))[Symbol.asyncDispose]()
    const before = await listed()
    const unreadable = new Set(['media/jellyfin', 'voip/asterisk'])
    await using running = await begin({ ...nginx, unreadable })
    const { session } = running
    expect(running.first.operations).toBe(0)
    expect(session.refusals().size).toBe(0)
    running.dumps()
    scale(session, nginx, 1)
    expect(committed(await session.sync()).reread).toBeUndefined()
    scale(session, nginx, 9)
    await session.sync()
    expect(await listed()).toEqual(before)
    expect(await session.verify()).toMatchObject({ operations: 0 })
    session.renderer.removeService('voip/asterisk')
    const [service] = jellyfin.cluster.services
    if (service === undefined) throw new Error('fixture')
    for (const slice of jellyfin.cluster.slices) session.renderer.setSlice(slice)
    session.renderer.setService(service)
    await session.sync()
    expect(await lacking(together(jellyfin, nginx))).toEqual([])
    expect(await session.verify()).toMatchObject({ operations: 0 })
  })
})

describe('a Service of which a part cannot be read', () => {
  test('leads where it led, whatever becomes of its endpoints, until all of it can be read', async () => {
    await (await begin(together(scaled(jellyfin, 1), nginx)))[Symbol.asyncDispose]()
    const before = await listed()
    await using running = await begin(together(partly(shifted(jellyfin, 1)), nginx))
    const { session } = running
    for (const goal of [shifted(jellyfin, 2), shifted(jellyfin, 4)]) {
      for (const slice of goal.cluster.slices) session.renderer.setSlice(slice)
      expect(committed(await session.sync()).reread).toBeUndefined()
      expect(withoutHairpin(await listed())).toEqual(withoutHairpin(before))
      expect(await session.verify()).toMatchObject({ operations: 0 })
    }
    for (const service of jellyfin.cluster.services) session.renderer.setService(service)
    await session.sync()
    expect(await lacking(together(shifted(jellyfin, 4), nginx))).toEqual([])
  })
})

/** The lines of a listing that name an address. */
function elementsIn(listing: readonly (readonly string[])[], address: string): string[] {
  const elements = listing.flat().flatMap((part) => part.split(/[{},]/))
  return elements.filter((element) => element.includes(`${address} .`)).map((text) => text.trim())
}

async function elementsOf(address: string): Promise<string[]> {
  return elementsIn(await listed(), address)
}

/** What the kernel lacks of a goal, and has too much. */
async function lacking(goal: Goal): Promise<string[]> {
  return [...eachOperation((await propose(other, goal)).plan)].map(textOf)
}

/** Leaves out this many of the first endpoints, and all but as many of the others. */
function shifted(goal: Goal, count: number): Goal {
  const slices = goal.cluster.slices.map((slice) => ({
    ...slice,
    endpoints: slice.endpoints.slice(count, 2 * count),
  }))
  return { ...goal, cluster: { ...goal.cluster, slices } }
}

function partly(goal: Goal): Goal {
  const services = goal.cluster.services.map((service) => ({ ...service, partial: true as const }))
  const unreadable = new Set(services.map(({ namespace, name }) => `${namespace}/${name}`))
  return { ...goal, cluster: { ...goal.cluster, services }, unreadable }
}

/** Pods to which nothing leads may be among those that can reach themselves. */
function withoutHairpin(listing: readonly (readonly string[])[]): (readonly string[])[] {
  return listing.map((parts) => parts.filter((part) => !part.startsWith('\tset hairpin')))
}

/** Another pod has taken the last one's place. */
function moved(goal: Goal): Goal {
  const address = '10.244.9.9' as Address
  const slices = goal.cluster.slices.map((slice) => ({
    ...slice,
    endpoints: slice.endpoints.map((endpoint, at) =>
      at === 4 ? { ...endpoint, address } : endpoint,
    ),
  }))
  return { ...goal, cluster: { ...goal.cluster, slices } }
}

function renamed(goal: Goal, name: string, address: string): Goal {
  const services = goal.cluster.services.map((service) => ({
    ...service,
    name,
    loadBalancerAddresses: [address as (typeof service.loadBalancerAddresses)[number]],
    clusterAddresses: [],
    ports: service.ports.map((port) => ({ ...port, nodePort: undefined })),
  }))
  const slices = goal.cluster.slices.map((slice) => ({
    ...slice,
    name: `${name}-${slice.name}`,
    service: name,
  }))
  return { ...goal, cluster: { services, slices } }
}
