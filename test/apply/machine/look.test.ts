import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { lookAtMachine } from '../../../src/apply/machine/look.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import type { Machine } from '../../../src/plan/preflight.ts'
import { enterNewNetwork, nftLoad } from '../nftables/namespace.ts'

/** What is found on a machine: its chains are the kernel's, its files those of a folder. */

let root = ''

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'nodelb-machine-'))
  await nftLoad('flush ruleset')
})
afterEach(() => rmSync(root, { recursive: true }))

function has(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

async function look(): Promise<Machine> {
  const socket = NetlinkSocket.open()
  try {
    return await lookAtMachine(socket, [], root)
  } finally {
    socket.close()
  }
}

test('a machine that tells nothing has nothing against the rules', async () => {
  expect(await look()).toMatchObject({
    forwarding: { ipv4: undefined, ipv6: undefined },
    bridgeFilter: { ipv4: false, ipv6: false },
    ...{ dropping: [], ephemeral: undefined, reserved: [], conntrack: undefined },
  })
})

test('its settings are read from its files', async () => {
  has({
    'proc/sys/net/ipv4/ip_forward': '0\n',
    'proc/sys/net/ipv6/conf/all/forwarding': '1\n',
    'proc/sys/net/bridge/bridge-nf-call-iptables': '1\n',
    'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
    'proc/sys/net/ipv4/ip_local_reserved_ports': '30000-32767,8080\n',
    'proc/sys/net/netfilter/nf_conntrack_count': '900\n',
    'proc/sys/net/netfilter/nf_conntrack_max': '1000\n',
  })
  expect(await look()).toMatchObject({
    forwarding: { ipv4: false, ipv6: true },
    bridgeFilter: { ipv4: true, ipv6: false },
    ephemeral: { first: 32768, last: 60999 },
    reserved: [
      { first: 30000, last: 32767 },
      { first: 8080, last: 8080 },
    ],
    conntrack: { count: 900, max: 1000 },
  })
  has({ 'proc/sys/net/netfilter/nf_conntrack_max': '0\n' })
  expect((await look()).conntrack).toBeUndefined()
})

test('interfaces are those with addresses of their own, with how strict the kernel is there', async () => {
  await execa('ip', ['link', 'add', 'one', 'type', 'veth', 'peer', 'two'])
  for (const name of ['one', 'two']) await execa('ip', ['link', 'set', name, 'up'])
  await execa('ip', ['address', 'add', '192.0.2.7/24', 'dev', 'one'])
  has({
    'proc/sys/net/ipv4/conf/all/rp_filter': '1\n',
    'proc/sys/net/ipv4/conf/one/rp_filter': '0\n',
    'proc/net/route': `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\none\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\ntwo\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n`,
    'sys/class/net/one/bridge/bridge_id': '',
  })
  const { interfaces } = await look()
  expect(interfaces).toEqual([
    {
      ...{ name: 'one', networks: ['192.0.2.0/24'], addresses: ['192.0.2.7'] },
      ...{ isBridge: true, reversePath: 1, hasDefaultRoute: true },
    },
  ])
})

test('chains that drop what is forwarded are told with their remedy, but not beside one that accepts pods', async () => {
  const policy = (hook: string, verdict: string): string =>
    `{ type filter hook ${hook} priority 0; policy ${verdict}; }`
  const chain = (place: string, is = policy('forward', 'drop')): string =>
    `add table ${place.split(' ').slice(0, 2).join(' ')}\nadd chain ${place} ${is}\n`
  await nftLoad(
    [
      ...['ip filter FORWARD', 'ip6 filter FORWARD', 'inet fw through', 'bridge fw through'].map(
        (each) => chain(each),
      ),
      ...[chain('inet calico through'), chain('inet calico cali-FORWARD', '')],
      ...[chain('inet fine through', policy('forward', 'accept'))],
      ...[chain('inet input inward', policy('input', 'drop'))],
    ].join(''),
  )
  const { dropping } = await look()
  expect(dropping.map(({ place, remedy }) => [place, remedy]).sort()).toEqual([
    ['table inet fw, chain through', "nft add chain inet fw through '{ policy accept; }'"],
    ['table ip filter, chain FORWARD', 'iptables -P FORWARD ACCEPT'],
    ['table ip6 filter, chain FORWARD', 'ip6tables -P FORWARD ACCEPT'],
  ])
  expect(dropping.find(({ place }) => place.includes('inet'))?.families).toEqual(['ipv4', 'ipv6'])
})

test('a legacy table that drops what is forwarded is told, once it exists', async () => {
  const names = {
    'proc/net/ip_tables_names': 'filter\nnat\n',
    'proc/net/ip6_tables_names': 'nat\n',
  }
  await execa('iptables-legacy', ['-P', 'FORWARD', 'DROP'])
  expect((await look()).dropping).toEqual([])
  has(names)
  expect((await look()).dropping).toEqual([
    {
      families: ['ipv4'],
      place: 'table filter of iptables-legacy, chain FORWARD',
      remedy: 'iptables-legacy -P FORWARD ACCEPT',
    },
  ])
  await execa('iptables-legacy', ['-N', 'KUBE-FORWARD'])
  expect((await look()).dropping).toEqual([])
  await execa('iptables-legacy', ['-X', 'KUBE-FORWARD'])
  await execa('iptables-legacy', ['-P', 'FORWARD', 'ACCEPT'])
  expect((await look()).dropping).toEqual([])
})
