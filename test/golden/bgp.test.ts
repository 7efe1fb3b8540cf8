import { expect, test } from 'vitest'
import type { BgpAnnouncements } from '../../src/announce/bgp/decision.ts'
import { SecretText } from '../../src/announce/bgp/secret-text.ts'
import type { Address } from '../../src/model/address.ts'
import { differenceOf } from '../../src/plan/bgp/difference.ts'
import { printPlan } from '../../src/plan/bgp/print.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { parseTree } from '../../src/ruleset/bgp/frr-parse.ts'
import { printTree } from '../../src/ruleset/bgp/frr-print.ts'
import type { Tree } from '../../src/ruleset/bgp/tree.ts'
import { profile } from '../announce/bgp/objects.ts'
import { cases, everyOption, nothing, peer, route, wanted } from './bgp-cases.ts'

const A = '10.0.0.254'
const B = '10.0.0.253'
const VIP = '198.51.100.10/32'

test.each(Object.entries(cases))('%s', async (name, each) => {
  const text = printTree(treeOf(each))
  expect(printTree(parseTree(text))).toBe(text)
  expect(text).not.toContain('hidden')
  await expect(text).toMatchFileSnapshot(`bgp/${name}.frr`)
})

const FAST = profile('fast', { transmitInterval: 100 })
const one = wanted([peer(A)], [route(VIP, [A])])
const all = wanted([everyOption], [], { bfdProfiles: [FAST] })

/** From what to what, by what happens. */
const changes: Readonly<Record<string, readonly [BgpAnnouncements, BgpAnnouncements]>> = {
  'nothing changes': [one, one],
  'a first peer': [nothing, one],
  'a prefix comes': [one, wanted([peer(A)], [route(VIP, [A]), route('198.51.100.11/32', [A])])],
  'the last prefix goes': [one, wanted([peer(A)])],
  'a prefix gets another community': [
    one,
    wanted([peer(A)], [route(VIP, [A], { communities: ['64500:1'] })]),
  ],
  'another peer comes': [one, wanted([peer(A), peer(B)], [route(VIP, [A, B])])],
  'a peer goes': [wanted([peer(A), peer(B)], [route(VIP, [A, B])]), one],
  'a peer gets every option': [{ ...one, bfdProfiles: [FAST] }, all],
  'a peer loses every option': [all, wanted([peer(A)])],
  'the password changes': [
    all,
    wanted([{ ...everyOption, password: new SecretText('hidden-too') }]),
  ],
  'another autonomous system of the peer': [
    one,
    wanted([peer(A, { remoteAs: { kind: 'external' } })]),
  ],
  'IPv6 as well': [one, wanted([peer(A, { families: ['ipv4', 'ipv6'] })], one.routes)],
  'another router identifier': [one, { ...one, routerId: '10.0.0.2' as Address }],
  'another autonomous system of ours': [
    one,
    wanted([peer(A, { myAsn: 64502 })], one.routes, { asns: new Map([['', 64502]]) }),
  ],
  'another BFD profile': [all, { ...all, bfdProfiles: [profile('fast', { detectMultiplier: 5 })] }],
  'all goes': [all, nothing],
}

function section(name: string, found: Tree, to: Tree, ownership: 'whole' | 'shared'): string {
  const { plan, problems } = differenceOf(found, to, ownership)
  const told = problems.map((problem) => `! ${problem}\n`).join('')
  const lines = `${told}${printPlan(plan)}`.split('\n').filter((line) => line !== '')
  return `${name}\n${lines.map((line) => `  ${line}\n`).join('')}`
}

test('plans', async () => {
  const sections = Object.entries(changes).map(([name, [before, after]]) =>
    section(name, treeOf(before), treeOf(after), 'whole'),
  )
  const text = sections.join('\n')
  expect(text).not.toContain('hidden')
  await expect(text).toMatchFileSnapshot('bgp/plans.txt')
})

const OTHERS = `
router bgp 64501
 bgp router-id 192.0.2.7
 neighbor 10.9.9.9 remote-as 65009
 neighbor 10.9.9.9 password of-others
 neighbor 10.9.9.8 remote-as 65008
 !
 address-family ipv4 unicast
  network 192.0.2.0/24
  redistribute connected
  no neighbor 10.9.9.8 activate
 exit-address-family
 !
 vnc defaults
  response-lifetime 1
 exit
exit
!
route-map others permit 10
exit
!
bfd
 profile theirs
  transmit-interval 50
 exit
exit
`

test('plans in an FRR that others configure', async () => {
  const found = parseTree(OTHERS)
  const ours = treeOf(one)
  const both = parseTree(`${OTHERS}${printTree(ours)}`)
  const taken = wanted([peer(A)], [route('192.0.2.0/24', [A])])
  const other = { asns: new Map([['', 64502]]) }
  const cannot = wanted([peer(A, { myAsn: 64502 })], one.routes, other)
  const sections = [
    section('we come', found, ours, 'shared'),
    section('we go', both, treeOf(nothing), 'shared'),
    section(
      'a peer of IPv6 alone',
      found,
      treeOf(wanted([peer('fd00::1', { families: ['ipv6'] })])),
      'shared',
    ),
    section('a prefix that others announce', found, treeOf(taken), 'shared'),
    section('another autonomous system', found, treeOf(cannot), 'shared'),
    section('it is ours alone', found, treeOf(nothing), 'whole'),
  ]
  const text = sections.join('\n')
  expect(text).not.toContain('of-others')
  await expect(text).toMatchFileSnapshot('bgp/plans-shared.txt')
})
