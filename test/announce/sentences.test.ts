import { describe, expect, test } from 'vitest'
import { eligible } from '../../src/announce/eligible.ts'
import { type LeftOutReason, leftOutClause, printLeftOut } from '../../src/announce/left-out.ts'
import { printSilence } from '../../src/announce/silence.ts'
import { whyFirst } from '../../src/announce/why-first.ts'
import type { Address } from '../../src/model/address.ts'
import { everybody, objects, pool, service } from './objects.ts'

describe('a Node that may not announce', () => {
  test.each<[LeftOutReason, string, string]>([
    [{ kind: 'away' }, 'is left out by --without', 'are left out by --without'],
    [{ kind: 'no-agent' }, 'has no agent of nodelb', 'have no agent of nodelb'],
    [
      { kind: 'no-interface', advertisements: ['home', 'lab'] },
      'has no interface: none in L2Advertisement home, lab can be read',
      'have no interface: none in L2Advertisement home, lab can be read',
    ],
    [{ kind: 'departing', departure: 'shutdown' }, 'shuts down', 'shut down'],
    [{ kind: 'departing', departure: 'deleted' }, 'is being deleted', 'are being deleted'],
  ])('is told why: %o', (reason, one, several) => {
    expect(leftOutClause(reason, false)).toBe(one)
    expect(leftOutClause(reason, true)).toBe(several)
    expect(printLeftOut(reason)).toBe(`The Node ${one}`)
  })
})

test('a Service that no advertisement selects is told which ones there are', () => {
  const reason = { kind: 'service-not-selected', pool: 'all' } as const
  expect(printSilence({ ...reason, advertisements: ['home'] })).toBe(
    'The serviceSelectors of L2Advertisement home for IPAddressPool all do not select the Service',
  )
  expect(printSilence({ ...reason, advertisements: ['home', 'lab'] })).toBe(
    'The serviceSelectors of L2Advertisements home, lab for IPAddressPool all do not select the Service',
  )
})

test('of many Nodes that may not announce, three are named', () => {
  const why = (nodes: readonly string[]) =>
    printSilence({
      kind: 'no-node',
      address: '192.0.2.1' as Address,
      why: [{ reason: { kind: 'no-agent' }, nodes }],
    })
  expect(why(['n1', 'n2', 'n3'])).toBe(
    'No Node may announce the address: n1, n2, n3 have no agent of nodelb',
  )
  expect(why(['n1', 'n2', 'n3', 'n4', 'n5'])).toBe(
    'No Node may announce the address: n1, n2, n3 and 2 more have no agent of nodelb',
  )
})

test('no Node comes first where none may announce', () => {
  expect(whyFirst({ candidates: new Map() })).toBeUndefined()
})

test('of two IPAddressPools of one name the older has the addresses', () => {
  const older = pool('all', ['192.0.2.0/28'], { created: '2026-01-01T00:00:00Z' })
  const younger = pool('all', ['192.0.2.0/24'], { created: '2026-02-01T00:00:00Z' })
  const services = [service('in', ['192.0.2.1']), service('out', ['192.0.2.99'])]
  const { addresses, silences } = eligible(
    objects({ services, pools: [younger, older] }),
    everybody,
  )
  expect(addresses.map(({ address }) => address)).toEqual(['192.0.2.1'])
  expect(silences).toMatchObject([{ service: 'shop/out', reason: { kind: 'no-pool' } }])
})
