import { expect, test } from 'vitest'
import { allAdded, nothingServed } from '../../src/frontend/frontend-change.ts'
import type { Address, Port } from '../../src/model/address.ts'
import type { IpvsPlan } from '../../src/plan/ipvs/operation.ts'
import { notedInChanges, notedInPlan, servedByIpvs } from '../../src/plan/ipvs/served.ts'
import { type IpvsChange, serverChanges } from '../../src/ruleset/ipvs/changes.ts'
import {
  destinationKey,
  emptyKernelIpvs,
  type RealServer,
  serverKey,
  type VirtualServer,
} from '../../src/ruleset/ipvs/types.ts'

const [one, two, three] = [1, 2, 3].map((last, at) => pod(last, at < 2 ? 1 : 0)) as [
  RealServer,
  RealServer,
  RealServer,
]
const id = { address: '10.96.0.10' as Address, protocol: 'udp', port: 53 as Port } as const
const rest = { scheduler: 'rr', schedulerFlags: 0, persistence: undefined }

function pod(last: number, weight: number): RealServer {
  return { address: `10.244.1.${last}` as Address, port: 53 as Port, weight, method: 'masq' }
}

function server(protocol: 'udp' | 'tcp', ...pods: readonly RealServer[]): VirtualServer {
  const destinations = new Map(pods.map((each) => [destinationKey(each), each]))
  return { ...id, ...rest, protocol, destinations }
}

function holding(...servers: readonly VirtualServer[]) {
  const held = new Map(servers.map((each) => [serverKey(each), each]))
  return { ...emptyKernelIpvs, servers: held, filter: {} }
}

test('flows lead to pods that take new ones; ipvs ends those of TCP itself', () => {
  const served = servedByIpvs(holding(server('udp', one, three), server('tcp', two)))
  const frontends = [...served.all()]
  expect(frontends).toEqual([{ family: 'ip', id: serverKey(id) }])
  expect(frontends.map((each) => [...served.endpoints(each)])).toEqual([[destinationKey(one)]])
  expect(served.endpoints({ family: 'ip', id: serverKey({ ...id, protocol: 'tcp' }) }).size).toBe(0)
  expect(served.has({ family: 'ip', id: serverKey({ ...id, port: 54 as Port }) })).toBe(false)
})

test('a frontend without endpoints is in the tables alone; one of TCP is left to ipvs', () => {
  const [udp, tcp] = (['udp', 'tcp'] as const).map((protocol) => serverKey({ ...id, protocol }))
  if (udp === undefined || tcp === undefined) throw new Error('nothing to name')
  const elements = new Map([['no-endpoints', new Map([udp, tcp].map((key) => [key, {}]))]])
  const table = { family: 'ip' as const, sets: new Map(), chains: new Map(), elements }
  const served = servedByIpvs({ servers: new Map(), filter: { ip: table } })
  expect([...served.all()]).toEqual([])
  expect([...served.every()]).toEqual([{ family: 'ip', id: udp }])
})

test('before anything is programmed nothing is served, and then all that is served is new', () => {
  const served = servedByIpvs(holding(server('udp', one)))
  const [frontend] = [...served.all()]
  if (frontend === undefined) throw new Error('nothing is served')
  expect(served.answersNodePorts('ip', id.address)).toBe(false)
  expect([...nothingServed.all()]).toEqual([])
  expect([...nothingServed.every()]).toEqual([])
  expect(nothingServed.endpoints(frontend).size).toBe(0)
  expect(nothingServed.has(frontend)).toBe(false)
  expect(nothingServed.answersNodePorts('ip', id.address)).toBe(false)
  expect(allAdded(served)).toEqual([
    {
      ...frontend,
      before: { leads: false, label: undefined },
      after: { leads: true, label: undefined },
      gone: new Set(),
    },
  ])
})

test.each<[string, IpvsPlan, object]>([
  [
    'a pod that comes',
    [{ kind: 'add-destination', server: id, destination: two }],
    { came: [two] },
  ],
  [
    'one that takes no more',
    [{ kind: 'edit-destination', server: id, destination: three }],
    { gone: [three] },
  ],
  [
    'one that goes',
    [{ kind: 'delete-destination', server: id, destination: two }],
    { gone: [two] },
  ],
  ['a server that goes', [{ kind: 'delete-server', server: id }], { gone: [one, two] }],
  ['another scheduler', [{ kind: 'edit-server', server: id, properties: rest }], {}],
])('%s is told of a frontend of UDP, and of none of TCP', (_, plan, told) => {
  const ofTcp = plan.map((each) =>
    'server' in each ? { ...each, server: { ...each.server, protocol: 'tcp' as const } } : each,
  )
  const current = holding(server('udp', one, two), server('tcp', one, two))
  const timeouts = { tcp: 1, tcpFin: 1, udp: 1 }
  const notes = notedInPlan([...plan, ...ofTcp, { kind: 'set-timeouts', timeouts }], current)
  const keys = Object.entries({ gone: [], came: [], ...told }).map(([side, pods]) => [
    side,
    new Set((pods as RealServer[]).map(destinationKey)),
  ])
  expect(notes).toMatchObject([{ id: serverKey(id), ...Object.fromEntries(keys) }])
})

test.each<[string, VirtualServer | undefined, VirtualServer | undefined, object]>([
  ['a pod that comes', server('udp', one), server('udp', one, two), { came: [two] }],
  ['a pod that goes', server('udp', one, two), server('udp', one), { gone: [two] }],
  [
    'a pod that takes no more',
    server('udp', one, { ...three, weight: 1 }),
    server('udp', one, three),
    { gone: [three] },
  ],
  ['a server that comes', undefined, server('udp', one, three), { came: [one] }],
  ['a server that goes', server('udp', one, two), undefined, { gone: [one, two] }],
])('%s is told of a change of UDP, and of none of TCP', (_, before, after, told) => {
  const changes = (protocol: 'udp' | 'tcp'): readonly IpvsChange[] =>
    serverChanges(
      before && { server: { ...before, protocol } },
      after && { server: { ...after, protocol } },
    )
  const keys = Object.entries({ gone: [], came: [], ...told }).map(([side, pods]) => [
    side,
    new Set((pods as RealServer[]).map(destinationKey)),
  ])
  expect(changes('tcp')).not.toEqual([])
  expect(notedInChanges([...changes('udp'), ...changes('tcp')])).toMatchObject([
    { id: serverKey(id), ...Object.fromEntries(keys) },
  ])
})
