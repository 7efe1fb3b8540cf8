import { describe, expect, test } from 'vitest'
import { joinTrees, parseTree } from '../../src/ruleset/bgp/frr-parse.ts'
import { printTree } from '../../src/ruleset/bgp/frr-print.ts'
import { masked, neighbourLine, undoOf } from '../../src/ruleset/bgp/lines.ts'

/** As `show running-config` of bgpd 8.4 prints it. */
const BGPD = `frr version 8.4.4
frr defaults traditional
!
hostname node-a
! "log stdout" enabled by "--log" startup option
!
bgp no-rib
router bgp 64501
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor eth0 interface remote-as internal
 neighbor 10.0.0.254 remote-as 65000
 neighbor 10.0.0.254 password with#and!and"
 neighbor 10.0.0.254 ebgp-multihop 255
 !
 address-family ipv4 unicast
  network 198.51.100.10/32 route-map nodelb-7
  neighbor 10.0.0.254 activate
 exit-address-family
 !
 address-family l2vpn evpn
 exit-address-family
exit
!
route-map nodelb-7 permit 1
 set tag 7
exit
!
route-map nodelb-out-10.0.0.254 permit 8
 match tag 7
 set community internet 64500:1 graceful-shutdown additive
 set large-community 64500:1:10 64500:1:2 64500:1:2
exit
!
route-map nodelb-in deny 1
exit
!
`
const BFDD = `hostname node-a
!
bfd
 profile fast
  transmit-interval 100
 exit
 !
 profile usual
 exit
 !
exit
!
`

describe('what FRR prints is read', () => {
  test('with all blocks of BGP and BFD, and nothing else', () => {
    const tree = joinTrees([parseTree(BGPD), parseTree(BFDD)])
    expect([...tree]).toEqual([
      [
        'router bgp 64501',
        new Set([
          'bgp router-id 10.0.0.1',
          'no bgp default ipv4-unicast',
          'neighbor eth0 interface remote-as internal',
          'neighbor 10.0.0.254 remote-as 65000',
          'neighbor 10.0.0.254 password with#and!and"',
          'neighbor 10.0.0.254 ebgp-multihop 255',
        ]),
      ],
      [
        'router bgp 64501 | address-family ipv4 unicast',
        new Set(['network 198.51.100.10/32 route-map nodelb-7', 'neighbor 10.0.0.254 activate']),
      ],
      ['route-map nodelb-7 permit 1', new Set(['set tag 7'])],
      [
        'route-map nodelb-out-10.0.0.254 permit 8',
        new Set([
          'match tag 7',
          'set community 0:0 64500:1 graceful-shutdown additive',
          'set large-community 64500:1:2 64500:1:10',
        ]),
      ],
      ['route-map nodelb-in deny 1', new Set()],
      ['bfd | profile fast', new Set(['transmit-interval 100'])],
      ['bfd | profile usual', new Set()],
    ])
  })

  test('FRR 10 leaves out the usual number of hops', () => {
    const text = BGPD.replace('ebgp-multihop 255', 'ebgp-multihop')
    expect(parseTree(text)).toEqual(parseTree(BGPD))
  })

  test('IPv4 is written out where FRR prints only who has it not', () => {
    const text = `router bgp 64501
 neighbor 10.0.0.1 remote-as 1
 neighbor 10.0.0.2 remote-as 2
 address-family ipv4 unicast
  no neighbor 10.0.0.2 activate
 exit-address-family
exit
`
    const family = 'router bgp 64501 | address-family ipv4 unicast'
    expect(parseTree(text).get(family)).toEqual(new Set(['neighbor 10.0.0.1 activate']))
    const only = text.replace(' neighbor 10.0.0.1 remote-as 1\n', '')
    expect(parseTree(only).has(family)).toBe(false)
  })
})

test('maps are printed by name and number, blocks of others after ours', () => {
  const text = printTree(
    parseTree(`route-map b permit 10
exit
route-map b permit 9
exit
route-map a permit 11
 on-match next
exit
router bgp 1 vrf red
exit
router bgp 1
 vnc defaults
  response-lifetime 1
 exit
exit
`),
  )
  expect(text.match(/^ *(?:route-map|router|vnc).*/gm)).toEqual([
    'route-map a permit 11',
    'route-map b permit 9',
    'route-map b permit 10',
    'router bgp 1',
    ' vnc defaults',
    'router bgp 1 vrf red',
  ])
})

describe('a line is taken back', () => {
  test.each([
    ['neighbor 10.0.0.1 timers 3 9', 'no neighbor 10.0.0.1 timers'],
    ['neighbor 10.0.0.1 timers connect 1', 'no neighbor 10.0.0.1 timers connect'],
    ['neighbor 10.0.0.1 password secret', 'no neighbor 10.0.0.1 password'],
    ['neighbor 10.0.0.1 bfd profile fast', 'no neighbor 10.0.0.1 bfd profile'],
    ['neighbor 10.0.0.1 bfd', 'no neighbor 10.0.0.1 bfd'],
    ['neighbor 10.0.0.1 local-as 7 no-prepend replace-as', 'no neighbor 10.0.0.1 local-as'],
    ['neighbor 10.0.0.1 route-map m in', 'no neighbor 10.0.0.1 route-map m in'],
    ['neighbor 10.0.0.1 maximum-prefix 7', 'no neighbor 10.0.0.1 maximum-prefix 7'],
    ['network 10.0.0.0/8 route-map m', 'no network 10.0.0.0/8'],
    ['no bgp network import-check', 'bgp network import-check'],
    ['bgp router-id 10.0.0.1', 'no bgp router-id'],
    ['set community 1:1', 'no set community'],
    ['detect-multiplier 5', 'detect-multiplier 3'],
    ['echo receive-interval 70', 'echo receive-interval 50'],
    ['minimum-ttl 1', 'no minimum-ttl'],
    ['echo-mode', 'no echo-mode'],
  ])('%s: %s', (line, undo) => {
    expect(undoOf(line)).toBe(undo)
  })
})

test('a line is shown without its password, and known by what it is about', () => {
  expect(masked('neighbor 10.0.0.1 password a password b')).toBe('neighbor 10.0.0.1 password ***')
  expect(masked('no neighbor eth0 password x')).toBe('no neighbor eth0 password ***')
  expect(masked('neighbor password remote-as 1')).toBe('neighbor password remote-as 1')
  expect(neighbourLine('neighbor eth0 interface remote-as external')).toEqual({
    neighbour: 'eth0',
    option: 'remote-as',
    known: true,
  })
  expect(neighbourLine('neighbor 10.0.0.1 description of others')).toMatchObject({ known: false })
  expect(neighbourLine('bgp router-id 10.0.0.1')).toBeUndefined()
})
