import { expect, test } from 'vitest'
import { decodeBgpSecret } from '../../src/decode/announcing/bgp-secret.ts'
import { printProblem } from '../../src/decode/problem.ts'
import type { BgpResource } from '../../src/watch/bgp-resources.ts'
import { BgpStore } from '../../src/watch/bgp-store.ts'
import { Shelf } from '../../src/watch/shelf.ts'

function started() {
  const told: string[] = []
  const store = new BgpStore((_, problems) => told.push(...problems.map(printProblem)))
  const take = (resource: BgpResource, name: string, rest: object): void => {
    const object = { metadata: { name, namespace: 'metallb-system' }, ...rest }
    store.apply({ kind: 'object', resource, object, origin: 'x.yaml' })
  }
  return { store, told, take }
}

const spec = { myASN: 64500, peerASN: 64501, peerAddress: '10.0.0.1' }

test('each kind has its place, and both versions of a BGPPeer have one', () => {
  const { store, told, take } = started()
  take('bgppeers', 'tor', { spec })
  take('bgppeers-v1beta1', 'tor', { apiVersion: 'metallb.io/v1beta1', spec })
  take('bgpadvertisements', 'all', {})
  take('bfdprofiles', 'fast', {})
  take('communities', 'names', {})
  take('secrets', 'tor', { stringData: { password: 'hunter2' } })
  const { secrets, ...rest } = store.configuration()
  expect(Object.values(rest).map((each) => each.length)).toEqual([1, 1, 1, 1])
  expect([...secrets.keys()]).toEqual(['metallb-system/tor'])
  expect(told).toEqual([])
})

test('an object that cannot be read keeps its former form, and is told', () => {
  const { store, told, take } = started()
  take('bgppeers', 'tor', { spec })
  take('bgppeers', 'tor', { spec: { ...spec, myASN: 0 } })
  expect(store.configuration().peers).toMatchObject([{ myAsn: 64500 }])
  expect(told).toEqual([
    'x.yaml: BGPPeer metallb-system/tor: spec.myASN: found 0, expected an AS number from 1 to 4294967295',
  ])
})

test('another password is news, although no text shows it', () => {
  const shelf = new Shelf(decodeBgpSecret, (read) =>
    read.kind === 'secret' ? read.secret : undefined,
  )
  const take = (password: string): boolean => {
    const object = { metadata: { name: 'tor' }, stringData: { password } }
    return shelf.put('tor', object, 'x').isNews
  }
  expect([take('hunter2'), take('hunter2'), take('hunter3')]).toEqual([true, false, true])
})
