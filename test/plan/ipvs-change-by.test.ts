import { expect, test } from 'vitest'
import type { Address, Port } from '../../src/model/address.ts'
import { changeBy } from '../../src/plan/ipvs/change-by.ts'
import type { IpvsOperation } from '../../src/plan/ipvs/operation.ts'
import type { IpvsChange } from '../../src/ruleset/ipvs/changes.ts'
import {
  destinationKey,
  emptyKernelIpvs,
  type RealServer,
  serverKey,
} from '../../src/ruleset/ipvs/types.ts'

const address = '10.96.0.10' as Address
const server = { address, protocol: 'tcp', port: 80 as Port } as const
const properties = { scheduler: 'rr', schedulerFlags: 0, persistence: undefined }
const pod: RealServer = {
  address: '10.244.1.1' as Address,
  port: 8080 as Port,
  weight: 1,
  method: 'masq',
}
const destinations = new Map([[destinationKey(pod), pod]])
const whole = { ...server, ...properties, destinations }
const held = {
  ...emptyKernelIpvs,
  servers: new Map([[serverKey(server), whole]]),
  addresses: new Set([address]),
}

const endpoint = destinationKey(pod)
const idle = { ...pod, weight: 0 }
const other = '10.96.0.11' as Address

test.each<[IpvsOperation, IpvsChange]>([
  [
    { kind: 'delete-server', server },
    { kind: 'server', server, before: whole, after: undefined },
  ],
  [
    { kind: 'edit-server', server, properties: { ...properties, scheduler: 'lc' } },
    { kind: 'server', server, before: whole, after: { ...properties, scheduler: 'lc' } },
  ],
  [
    { kind: 'delete-destination', server, destination: pod },
    { kind: 'destination', server, endpoint, before: pod, after: undefined },
  ],
  [
    { kind: 'edit-destination', server, destination: idle },
    { kind: 'destination', server, endpoint, before: pod, after: idle },
  ],
  [
    { kind: 'add-address', dummy: 'kube-ipvs0', address: other },
    { kind: 'address', address: other, before: false, after: true },
  ],
  [
    { kind: 'delete-address', dummy: 'kube-ipvs0', address },
    { kind: 'address', address, before: true, after: false },
  ],
])(
  'what $kind changes is known, because a Service whose operation is refused keeps that',
  (operation, change) => {
    expect(changeBy(operation, held)).toEqual(change)
  },
)

test('timeouts and the dummy interface belong to no Service', () => {
  const timeouts = { tcp: 1, tcpFin: 1, udp: 1 }
  expect(changeBy({ kind: 'set-timeouts', timeouts }, held)).toBeUndefined()
  expect(changeBy({ kind: 'add-dummy', name: 'kube-ipvs0' }, held)).toBeUndefined()
})
