import { expect, test } from 'vitest'
import { spotsIfAllLive } from '../../src/announce/all-live.ts'
import { spotsByLink } from '../../src/announce/announced.ts'
import { eligible } from '../../src/announce/eligible.ts'
import { whyUnknown } from '../../src/announce/problems.ts'
import { advertisement, everybody, link, objects, pool, service } from './objects.ts'

const NODES = ['n1', 'n2', 'n3']
const many = Array.from({ length: 12 }, (_, at) => service(`s${at}`, [`192.0.2.${at + 1}`]))
const links = [link('eth0'), link('eth1', { index: 3 })]

function spotsOf(node: string, told: Parameters<typeof objects>[0] = { services: many }) {
  return spotsIfAllLive(eligible(objects(told), everybody), { node, links }, NODES)
}

test('while all Nodes run, each address is announced by one of them, on all its interfaces', () => {
  const spots = NODES.flatMap((node) => spotsOf(node).map(({ address }) => address))
  const each = many.flatMap(({ addresses }) => [...addresses, ...addresses])
  expect(spots.toSorted()).toEqual(each.toSorted())
  for (const node of NODES) expect(spotsOf(node)).not.toEqual([])
})

test('an interface without a spot has no addresses, and is there all the same', () => {
  const advertisements = [advertisement('all', { interfaces: ['eth1'] })]
  const announced = NODES.map((node) => spotsByLink(spotsOf(node, { advertisements }), links))
  const addresses = announced.map((all) =>
    all.map((each) => [each.station.name, ...each.addresses]),
  )
  expect(addresses).toContainEqual([['eth0'], ['eth1', '192.0.2.1']])
  expect(addresses.filter((all) => all.flat().length === 2)).toHaveLength(2)
})

test('only without both pools and advertisements is it unknown who announces', () => {
  const advertisements = [advertisement('all')]
  expect(whyUnknown({ pools: [], advertisements })).toBeUndefined()
  expect(whyUnknown({ pools: [pool('all', [])], advertisements: [] })).toBeUndefined()
  expect(whyUnknown({ pools: [], advertisements: [] })).toMatch(/^there is no IPAddressPool and/)
})
