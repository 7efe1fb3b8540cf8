import { expect, test } from 'vitest'
import type { Address, Port } from '../../src/model/address.ts'
import { serverChanges } from '../../src/ruleset/ipvs/changes.ts'
import { destinationText, propertiesText } from '../../src/ruleset/ipvs/print.ts'
import {
  destinationKey,
  type ForwardingMethod,
  type RealServer,
  SCHEDULER_FLAG,
  type VirtualServer,
} from '../../src/ruleset/ipvs/types.ts'

function destination(method: ForwardingMethod): RealServer {
  return { address: '10.244.1.10' as Address, port: 8080 as Port, weight: 1, method }
}

function server(...destinations: readonly RealServer[]): VirtualServer {
  return {
    address: '10.96.0.10' as Address,
    protocol: 'tcp',
    port: 80 as Port,
    scheduler: 'rr',
    schedulerFlags: 0,
    persistence: undefined,
    destinations: new Map(destinations.map((each) => [destinationKey(each), each])),
  }
}

test.each<[ForwardingMethod, string]>([
  ['masq', '-m'],
  ['tunnel', '-i'],
  ['route', '-g'],
  ['local', '-g'],
  ['bypass', '-g'],
])('what another program leads on by %s is shown with the flag of ipvsadm', (method, flag) => {
  expect(destinationText(destination(method))).toBe(`-r 10.244.1.10:8080 ${flag} -w 1`)
})

test('flags have names with the schedulers that know them, and numbers with others', () => {
  const schedulerFlags = SCHEDULER_FLAG.fallback | SCHEDULER_FLAG.port
  const show = (scheduler: string): string =>
    propertiesText({ scheduler, schedulerFlags, persistence: undefined })
  expect(show('mh')).toBe('-s mh -b mh-fallback,mh-port')
  expect(show('wrr')).toBe('-s wrr -b flag-1,flag-2')
})

test('a pod on the node, which the kernel shows as local, is as it was asked for', () => {
  const wanted = { server: server(destination('masq')) }
  expect(serverChanges({ server: server(destination('local')) }, wanted)).toEqual([])
  expect(serverChanges({ server: server(destination('route')) }, wanted)).toMatchObject([
    { kind: 'destination', after: { method: 'masq' } },
  ])
})

test('a server that is on neither side changes nothing', () => {
  expect(serverChanges(undefined, undefined)).toEqual([])
})
