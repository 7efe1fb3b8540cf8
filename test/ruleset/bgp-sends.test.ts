import { expect, test } from 'vitest'
import type { Cidr } from '../../src/model/address.ts'
import { parseTree } from '../../src/ruleset/bgp/frr-parse.ts'
import { sendsBy } from '../../src/ruleset/bgp/sends.ts'

const VIP = '198.51.100.10/32' as Cidr
const TOR = '10.0.0.254'

const WHOLE = `
route-map nodelb-5 permit 1
 set tag 5
exit
route-map nodelb-out-${TOR} permit 6
 match tag 5
 set community 64500:1
exit
route-map nodelb-out-${TOR} deny 65535
exit
router bgp 64501
 no bgp default ipv4-unicast
 neighbor ${TOR} remote-as 65000
 neighbor 10.0.0.253 remote-as 65000
 address-family ipv4 unicast
  network ${VIP} route-map nodelb-5
  network 192.0.2.0/24
  network 192.0.2.1/32 route-map others
  neighbor ${TOR} activate
  neighbor ${TOR} route-map nodelb-out-${TOR} out
  neighbor 10.0.0.253 activate
  neighbor 10.0.0.253 route-map others out
 exit-address-family
exit
`

function sends(text: string, prefix: string = VIP, neighbour = TOR, vrf = ''): boolean {
  return sendsBy(parseTree(text))({ vrf, neighbour, prefix: prefix as Cidr })
}

test('a prefix is sent where its tag leaves for the neighbour', () => {
  expect(sends(WHOLE)).toBe(true)
})

test.each<[string, boolean]>([
  ['to a neighbour with a map that does not know the tag', sends(WHOLE, VIP, '10.0.0.253')],
  ['to a neighbour that is not there', sends(WHOLE, VIP, '10.0.0.1')],
  ['in a VRF without a router', sends(WHOLE, VIP, TOR, 'red')],
  ['of another family', sends(WHOLE, '2001:db8::1/128')],
  ['without a tag', sends(WHOLE, '192.0.2.0/24')],
  ['with a map that gives no tag', sends(WHOLE, '192.0.2.1/32')],
  ['that is not announced', sends(WHOLE, '192.0.2.9/32')],
  ['whose map is gone', sends(WHOLE.replace(' set tag 5\n', ''))],
  ['that no entry takes', sends(WHOLE.replace(' match tag 5\n', ''))],
  ['to one without the family', sends(WHOLE.replace(`  neighbor ${TOR} activate\n`, ''))],
  [
    'to one that is shut down',
    sends(WHOLE.replace(' address-family', ` neighbor ${TOR} shutdown\n address-family`)),
  ],
])('nothing is sent %s', (_, isSent) => {
  expect(isSent).toBe(false)
})

test('each VRF is a router of its own', () => {
  const red = WHOLE.replace('router bgp 64501', 'router bgp 64501 vrf red')
  expect([sends(red), sends(red, VIP, TOR, 'red')]).toEqual([false, true])
})

test('a family without its router, and one that nodelb does not know, take nothing from others', () => {
  const evpn = WHOLE.replace(
    ' address-family ipv4 unicast\n',
    ' address-family l2vpn evpn\n  advertise-all-vni\n exit-address-family\n address-family ipv4 unicast\n',
  )
  expect(sends(evpn)).toBe(true)
  const router = 'router bgp 64501'
  const tree = new Map([...parseTree(WHOLE)].filter(([context]) => context !== router))
  expect(sendsBy(tree)({ vrf: '', neighbour: TOR, prefix: VIP })).toBe(true)
})
