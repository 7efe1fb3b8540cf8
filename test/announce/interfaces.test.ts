import { expect, test } from 'vitest'
import { whyNot } from '../../src/announce/interfaces.ts'
import type { Link } from '../../src/announce/link.ts'

const eth0: Link = {
  name: 'eth0',
  index: 2,
  mac: '02:00:00:00:00:01',
  isEthernet: true,
  isUp: true,
  hasCarrier: true,
  isBroadcast: true,
  usesArp: true,
  hasMaster: false,
}
const EXCLUDED = [/^docker.*/, /^veth.*/, /^lo$/]

test('an interface that is up announces, cable or none', () => {
  expect(whyNot(eth0, EXCLUDED)).toBeUndefined()
  expect(whyNot({ ...eth0, hasCarrier: false }, EXCLUDED)).toBeUndefined()
})

test.each<[Partial<Link>, string]>([
  [{ name: 'docker0' }, 'it is excluded by ^docker.*'],
  [{ name: 'lo', isEthernet: false }, 'it is excluded by ^lo$'],
  [{ name: 'a\ufffd' }, 'its name is not UTF-8'],
  [{ isUp: false }, 'it is down'],
  [{ isEthernet: false }, 'it is not Ethernet'],
  [{ mac: '' }, 'it is not Ethernet'],
  [{ isBroadcast: false }, 'it has no broadcasts'],
  [{ usesArp: false }, 'it does without ARP'],
  [{ hasMaster: true }, 'it is a part of another interface'],
])('%o is left out', (change, reason) => {
  expect(whyNot({ ...eth0, ...change }, EXCLUDED)).toBe(reason)
})

test('the answer depends on the name alone, and not on what was asked before', () => {
  const pattern = /eth/
  const twice = [eth0, eth0].map((link) => whyNot(link, [pattern]))
  expect(twice).toEqual(['it is excluded by eth', 'it is excluded by eth'])
})
