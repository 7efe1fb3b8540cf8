import { expect, test } from 'vitest'
import { ipvsSysctls, type NodeFound, satisfies } from '../../src/plan/sysctls/ipvs.ts'

const found: NodeFound = { release: '6.1.0-56-amd64', arpIgnore: new Map(), acceptRa: new Map() }
const ipv4 = { families: ['ipv4'], strictArp: false } as const

function names(wish: Parameters<typeof ipvsSysctls>[0], node: NodeFound): readonly string[] {
  return ipvsSysctls(wish, node).map(({ name, value }) => `${name}=${value}`)
}

test('a node has what kube-proxy sets, in its order', () => {
  expect(names(ipv4, found)).toEqual([
    'net.ipv4.vs.conntrack=1',
    'net.ipv4.vs.expire_nodest_conn=1',
    'net.ipv4.vs.expire_quiescent_template=1',
    'net.ipv4.ip_forward=1',
  ])
})

test.each([
  ['4.0.9', false],
  ['4.1.0', true],
  ['5.8.18-generic', true],
  ['5.9.0', false],
  ['5.10.0', false],
  ['what', false],
])('conn_reuse_mode of Linux %s is turned off: %s', (release, off) => {
  const mode = 'net.ipv4.vs.conn_reuse_mode=0'
  expect(names(ipv4, { ...found, release }).includes(mode)).toBe(off)
})

test('strict ARP tightens an interface of its own lax mode, and only that', () => {
  const arpIgnore = new Map([
    ['eth0', 0],
    ['eth0.100', 3],
    ['eth1', 8],
    ['eth2', 2],
    ['eth3', 4],
  ])
  expect(names({ ...ipv4, strictArp: true }, { ...found, arpIgnore }).slice(4)).toEqual([
    'net.ipv4.conf.all.arp_ignore=1',
    'net.ipv4.conf.all.arp_announce=2',
    'net.ipv4.conf.eth0/100.arp_ignore=1',
    'net.ipv4.conf.eth3.arp_ignore=1',
  ])
})

test('a stricter arp_ignore was an administrator’s wish and stays', () => {
  const ignore = ipvsSysctls({ ...ipv4, strictArp: true }, found).at(-2)
  expect(ignore?.name).toBe('net.ipv4.conf.all.arp_ignore')
  const kept = [0, 1, 2, 3, 8].filter((value) => ignore && satisfies(value, ignore))
  expect(kept).toEqual([1, 2, 8])
})

test('a node that begins to forward IPv6 keeps its router', () => {
  const acceptRa = new Map([
    ['eth0', 1],
    ['eth1', 0],
  ])
  expect(names({ families: ['ipv6'], strictArp: false }, { ...found, acceptRa }).slice(3)).toEqual([
    'net.ipv6.conf.eth0.accept_ra=2',
    'net.ipv6.conf.all.forwarding=1',
  ])
})
