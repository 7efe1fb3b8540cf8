import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { commitIpvs } from '../../src/apply/ipvs/commit.ts'
import { readIpvs } from '../../src/apply/ipvs/read.ts'
import type { IpvsSockets } from '../../src/apply/ipvs/sockets.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { IpvsDataplane } from '../../src/dataplane/ipvs/dataplane.ts'
import { removeIpvs } from '../../src/dataplane/ipvs/removal.ts'
import { ReopeningSocket } from '../../src/dataplane/reopening-socket.ts'
import type { Committed, Session, Synced } from '../../src/dataplane/session.ts'
import type { Address, Cidr } from '../../src/model/address.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import { present } from '../../src/model/present.ts'
import { serviceName } from '../../src/model/service-name.ts'
import { touchedFrontends } from '../../src/plan/flows/stale.ts'
import { type KernelIpvs, type ServerKey, serverIdOf } from '../../src/ruleset/ipvs/types.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { fixtureGoal } from '../support/goal.ts'
import { comparableIpvs } from '../support/ipvs-model.ts'
import { PlayedIpvs } from '../support/played-ipvs.ts'
import { PlayedLinks } from '../support/played-links.ts'
import { cluster, namespace, node, service, settings, slice } from '../support/random-cluster.ts'
import { fixtures } from './session-setup.ts'

/** Sessions of ipvs with the real tables, and with ipvs and dummy interfaces played by the test. */

const DUMMY = defaultIpvsSettings.interface
const jellyfin = fixtureGoal(`${fixtures}load-balancer-many-endpoints`, 'input.yaml', 'ipvs')
const dual = fixtureGoal(`${fixtures}dual-stack`, 'input.yaml', 'ipvs')
const restricted = fixtureGoal(`${fixtures}source-ranges`, 'input.yaml', 'ipvs')
const sharedPort = fixtureGoal(`${fixtures}same-port-tcp-and-udp`, 'input.yaml', 'ipvs')
const OCCUPIED = 'another program has made this virtual server'
const folder = mkdtempSync(join(tmpdir(), 'nodelb-ipvs-'))

let ipvs: PlayedIpvs
let links: PlayedLinks
let socket: ReopeningSocket
let dataplane: IpvsDataplane

function open(): IpvsSockets {
  return { generic: ipvs.open(), route: links.open(), close: () => undefined }
}

beforeAll(enterNewNetwork)
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  await socket?.close()
  await nft('flush', 'ruleset')
  ipvs = new PlayedIpvs()
  links = new PlayedLinks()
  socket = new ReopeningSocket()
  const sysctlFile = join(folder, 'sysctls.json')
  dataplane = new IpvsDataplane({ socket, sysctlFile, onSysctl: () => undefined, open })
})
afterAll(() => socket.close())

async function started(
  goal: Goal,
): Promise<{ readonly session: Session; readonly first: Committed }> {
  const outcome = await dataplane.start(goal, { ownership: 'none' })
  if (outcome.kind === 'failed') throw new Error(outcome.outcome.reason)
  return outcome
}

async function refusedStart(goal: Goal = jellyfin): Promise<string> {
  const outcome = await dataplane.start(goal, { ownership: 'none' })
  if (outcome.kind !== 'failed') throw new Error('it started')
  return outcome.outcome.reason
}

function committed(outcome: Synced): Committed {
  if (outcome.kind === 'failed') throw new Error(outcome.reason)
  return outcome
}

async function held(): Promise<KernelIpvs> {
  const reading = await readIpvs(open(), DUMMY)
  if (reading.kind !== 'read') throw new Error(reading.kind)
  return reading.kernel
}

/** The operations that are missing, without settings of the node, which are not played. */
async function missing(goal: Goal): Promise<readonly string[]> {
  const proposed = await dataplane.propose(goal)
  if (proposed.kind !== 'proposed') throw new Error(proposed.kind)
  const texts = [...proposed.operations].map(({ text }) => text)
  return texts.filter((text) => !text.startsWith('sysctl '))
}

/** Makes a virtual server as another program would. */
async function make(key: ServerKey): Promise<void> {
  const properties = { scheduler: 'wlc', schedulerFlags: 0, persistence: undefined }
  const operation = { kind: 'add-server' as const, server: serverIdOf(key), properties }
  expect(await commitIpvs(open(), [operation], () => true)).toEqual({ done: 1, failures: [] })
}

describe('a session of ipvs', () => {
  test('brings everything, marks its interface, and then nothing is missing', async () => {
    expect(await missing(dual)).not.toEqual([])
    const { session, first } = await started(dual)
    expect(first.refusals).toEqual([])
    expect(links.names()).toEqual([DUMMY])
    expect(links.alias(DUMMY)).toBe('nodelb')
    expect(await missing(dual)).toEqual([])
    const { servers, addresses } = await held()
    expect(servers.size).toBeGreaterThan(0)
    expect(new Set([...servers.values()].map(({ address }) => address))).toEqual(addresses)
    session.close()
  })

  test('follows a Service that goes, and takes the interface away with the last address', async () => {
    const { session } = await started(jellyfin)
    for (const { namespace: of, name } of jellyfin.cluster.services) {
      session.renderer.removeService(`${of}/${name}`)
    }
    committed(await session.sync())
    expect(await held()).toMatchObject({ dummy: false })
    expect(ipvs.count).toBe(0)
    session.close()
  })

  test('has flows of UDP looked at, and leaves all of TCP to ipvs', async () => {
    const { session } = await started(sharedPort)
    const { services, slices } = sharedPort.cluster
    const at = (changes: Committed['changes']) =>
      new Set(touchedFrontends(changes, 'reset').map(({ protocol }) => protocol))
    for (const each of services) session.renderer.removeService(serviceName(each))
    expect(at(committed(await session.sync()).changes)).toEqual(new Set(['udp']))
    for (const each of services) session.renderer.setService(each)
    for (const each of slices) session.renderer.setSlice(each)
    expect(at(committed(await session.sync()).changes)).toEqual(new Set(['udp']))
    await nft('delete', 'table', 'ip', 'nodelb')
    const verified = await session.verify()
    if (verified.kind === 'failed') throw new Error(verified.reason)
    expect(verified.operations).toBeGreaterThan(0)
    expect(at(verified.changes)).not.toContain('tcp')
    session.close()
  })

  test('changes ranges that overlap while a Service without endpoints takes the address over', async () => {
    const former = {
      ...present(restricted.cluster.services[0]),
      sourceRanges: ['10.0.0.0/8' as Cidr],
    }
    const next = {
      ...{ ...former, name: 'next', clusterAddresses: ['10.96.75.2' as Address] },
      sourceRanges: ['10.1.0.0/16' as Cidr],
    }
    const others = jellyfin.cluster.services
    const slices = [...restricted.cluster.slices, ...jellyfin.cluster.slices]
    const before = { services: [former, ...others], slices }
    const { session } = await started({ ...restricted, cluster: before })
    const services = [{ ...former, loadBalancerAddresses: [] }, next]
    for (const each of services) session.renderer.setService(each)
    expect(committed(await session.sync()).refusals).toEqual([])
    const after = { services: [...services, ...others], slices }
    expect(await missing({ ...restricted, cluster: after })).toEqual([])
    session.close()
  })

  test('programs once what apply is given, and a second time changes nothing', async () => {
    const first = await dataplane.program(dual)
    const second = await dataplane.program(dual)
    expect(first.kind === 'committed' && first.operations).toBeGreaterThan(0)
    expect(second).toMatchObject({ kind: 'committed', operations: 0 })
  })

  test('repairs what an administrator takes away', async () => {
    const { session } = await started(dual)
    const before = comparableIpvs(await held())
    ipvs.takeDestinations()
    const [address = ''] = (await held()).addresses
    links.take(address)
    const verified = await session.verify()
    if (verified.kind === 'failed') throw new Error(verified.reason)
    expect(verified.repaired.length).toBeGreaterThan(0)
    expect(comparableIpvs(await held())).toEqual(before)
    session.close()
  })
})

describe('what the node lacks is told, and nothing is changed', () => {
  test('no ipvs', async () => {
    ipvs.isLoaded = false
    expect(await refusedStart()).toContain('the kernel has no ipvs: load the kernel module ip_vs')
    expect(links.names()).toEqual([])
  })

  test('no dummy interfaces', async () => {
    links.refused.set('newLink', 'EOPNOTSUPP')
    expect(await refusedStart()).toContain('load the kernel module dummy')
    expect(ipvs.count).toBe(0)
  })

  test('an interface of another kind that has the name', async () => {
    links.add(DUMMY, 'bridge')
    expect(await refusedStart()).toContain(
      `the interface ${DUMMY} is of type bridge, not dummy: give nodelb another name`,
    )
    expect(ipvs.count).toBe(0)
  })

  test('no rights', async () => {
    links.refused.set('newLink', 'EPERM')
    expect(await refusedStart()).toContain('the capability CAP_NET_ADMIN is missing')
  })
})

describe('what ipvs refuses costs the Service that asks for it', () => {
  test('a scheduler that is not loaded, until it is', async () => {
    ipvs.schedulers.clear()
    const { session, first } = await started(jellyfin)
    expect(first.refusals[0]?.reason).toMatch(/no scheduler \w+: load the kernel module ip_vs_/)
    expect((await held()).addresses.size).toBe(0)
    for (const name of ['rr', 'wrr', 'lc', 'wlc', 'sh', 'mh']) ipvs.schedulers.add(name)
    session.retryRefused()
    expect(committed(await session.sync()).refusals).toEqual([])
    expect(await missing(jellyfin)).toEqual([])
    session.close()
  })

  test('IPv6 that is off on the interface, while IPv4 is served', async () => {
    links.refusedFamilies.add(10)
    const { session, first } = await started(dual)
    expect(first.refusals.map(({ reason }) => reason).join()).toContain(
      `net.ipv6.conf.${DUMMY}.disable_ipv6 to 0`,
    )
    const { addresses } = await held()
    expect([...addresses].some((address) => address.includes(':'))).toBe(false)
    expect(addresses.size).toBeGreaterThan(0)
    links.refusedFamilies.clear()
    session.retryRefused()
    expect(committed(await session.sync()).refusals).toEqual([])
    expect(await missing(dual)).toEqual([])
    session.close()
  })

  test.each(['newDestination', 'setConfig', 'newService'] as const)('%s', async (command) => {
    ipvs.refused.set(command, 'ENOMEM')
    const outcome = await dataplane.start(jellyfin, { ownership: 'none' })
    if (outcome.kind === 'failed') expect(outcome.outcome.reason).toContain('short of memory')
    else {
      const reasons = outcome.first.refusals.map(({ reason }) => reason).join()
      // The timeouts are not set unless the configuration says so.
      if (command !== 'setConfig') expect(reasons).toContain('short of memory')
      outcome.session.close()
    }
    ipvs.refused.clear()
    const { session } = await started(jellyfin)
    expect(await missing(jellyfin)).toEqual([])
    session.close()
  })

  test('a virtual server that another program has stays its own, until it is gone', async () => {
    const { session: former } = await started(jellyfin)
    const [key] = (await held()).servers.keys()
    former.close()
    ipvs.clear()
    await nft('flush', 'ruleset')
    const { session } = await started(dual)
    await make(present(key))
    for (const each of jellyfin.cluster.services) session.renderer.setService(each)
    for (const each of jellyfin.cluster.slices) session.renderer.setSlice(each)
    const { refusals } = committed(await session.sync())
    expect(refusals.map(({ reason }) => reason).join()).toContain(OCCUPIED)
    expect((await held()).servers.get(present(key))?.destinations.size).toBe(0)
    ipvs.clear()
    session.retryRefused()
    expect(committed(await session.sync()).refusals).toEqual([])
    expect((await held()).servers.get(present(key))?.destinations.size).toBeGreaterThan(0)
    session.close()
  })

  test('a virtual server that another program makes at the same moment stays its own', async () => {
    ipvs.isOvertaken = true
    const { session, first } = await started(jellyfin)
    expect(first.refusals.map(({ reason }) => reason).join()).toContain(OCCUPIED)
    const verified = await session.verify()
    expect(verified).toMatchObject({ kind: 'verified', operations: 0 })
    session.close()
  })
})

describe('removal', () => {
  test('takes the servers that are known, and the interface, and leaves those of others', async () => {
    const { session } = await started(jellyfin)
    session.close()
    const recorded = new Set((await held()).servers.keys())
    links.add('lan', '')
    const { removed, remains } = await removeIpvs({ recorded, open })
    expect(remains).toBeUndefined()
    expect(removed).toEqual([
      `${recorded.size} virtual server${recorded.size === 1 ? '' : 's'}`,
      `interface ${DUMMY}`,
    ])
    expect(links.names()).toEqual(['lan'])
    expect(ipvs.count).toBe(0)
  })

  test('says what could not be removed', async () => {
    const { session } = await started(jellyfin)
    session.close()
    const recorded = new Set((await held()).servers.keys())
    links.refused.set('deleteLink', 'EPERM')
    const { remains } = await removeIpvs({ recorded, open })
    expect(remains).toContain('EPERM, not allowed: give nodelb the capability NET_ADMIN')
  })

  test('leaves the interface that is in use, and one without nodelb’s mark', async () => {
    const { session } = await started(jellyfin)
    links.add('other-dummy', 'dummy')
    expect(await removeIpvs({ recorded: new Set(), keep: DUMMY, open })).toEqual({ removed: [] })
    expect(links.names()).toEqual([DUMMY, 'other-dummy'])
    session.close()
  })
})

const backend = { kind: 'ipvs' as const, ...defaultIpvsSettings }
const possible = settings.map((each) => ({ ...each, backend, target: 'pods' as const }))

test('whatever changes and is refused meanwhile, in the end ipvs holds all', async () => {
  const rounds = fc.array(
    fc.record({
      services: fc.array(service, { maxLength: 2 }),
      slices: fc.array(slice, { maxLength: 2 }),
      gone: fc.array(service, { maxLength: 1 }),
      refused: fc.constantFrom('none', 'newService', 'newDestination', 'newAddress', 'cleared'),
    }),
    { maxLength: 5 },
  )
  await fc.assert(
    fc.asyncProperty(cluster, possible, rounds, async (before, chosen, all) => {
      ipvs.clear()
      await nft('flush', 'ruleset')
      const { session } = await started({ cluster: before, node, settings: chosen })
      const services = new Map(before.services.map((each) => [each.name, each]))
      const slices = new Map(before.slices.map((each) => [each.name, each]))
      for (const { services: come, slices: changed, gone, refused } of all) {
        if (refused === 'newService' || refused === 'newDestination') {
          ipvs.refused.set(refused, 'ENOMEM')
        } else if (refused === 'newAddress') links.refusedFamilies.add(2)
        else if (refused === 'cleared') ipvs.takeDestinations()
        for (const each of come) {
          services.set(each.name, each)
          session.renderer.setService(each)
        }
        for (const each of changed) {
          slices.set(each.name, each)
          session.renderer.setSlice(each)
        }
        for (const { name } of gone) {
          services.delete(name)
          session.renderer.removeService(`${namespace}/${name}`)
        }
        committed(await session.sync())
        ipvs.refused.clear()
        links.refusedFamilies.clear()
      }
      session.retryRefused()
      const verified = await session.verify()
      expect(verified.kind).toBe('verified')
      const now = { services: [...services.values()], slices: [...slices.values()] }
      const goal = { cluster: now, node, settings: chosen }
      expect(await missing(goal)).toEqual([])
      session.close()
    }),
    { numRuns: 40 },
  )
})
