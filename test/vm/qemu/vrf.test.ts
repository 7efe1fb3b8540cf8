import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machineFacts } from '../../../src/cli/explain/node-facts.ts'
import type { Goal } from '../../../src/dataplane/dataplane.ts'
import { parseCidr } from '../../../src/model/address.ts'
import type { BackendKind } from '../../../src/model/backend.ts'
import type { NodePortAddresses } from '../../../src/model/node.ts'
import { Agent, type ProbeResult } from '../../support/agent.ts'
import { done, goalOf, useDataplanes } from './ipvs.ts'

const dataplanes = useDataplanes()

const PODS = ['10.244.2.10', '10.244.2.11', 'fd00:10:244:2::10', 'fd00:10:244:2::11']

/** The guest is the node. Its uplink, with the addresses of the Node object, is in a VRF. */
const NODE = [
  'netns add client',
  'netns add pods',
  'link add mgmt type vrf table 10',
  'link set mgmt up',
  'link add uplink type veth peer name eth0 netns client',
  'link set uplink master mgmt up',
  'addr add 192.0.2.1/24 dev uplink',
  'addr add 2001:db8:1::1/64 dev uplink nodad',
  'link add to-pods type veth peer name eth0 netns pods',
  'link set to-pods up',
  'addr add 198.51.100.1/24 dev to-pods',
  'addr add 2001:db8:2::1/64 dev to-pods nodad',
  ...['', ' table 10'].flatMap((table) => [
    `route replace 198.51.100.0/24 dev to-pods${table}`,
    `route replace 2001:db8:2::/64 dev to-pods${table}`,
    `route add 10.244.2.0/24 via 198.51.100.2 dev to-pods${table}`,
    `route add fd00:10:244:2::/64 via 2001:db8:2::2 dev to-pods${table}`,
  ]),
  // What comes back from pods is looked up outside of the VRF.
  'route add 192.0.2.0/24 dev uplink',
  'route add 2001:db8:1::/64 dev uplink',
  'route add 192.0.2.1 dev mgmt',
  'route add 2001:db8:1::1 dev mgmt',
]

const CLIENT = [
  'link set lo up',
  'link set eth0 up',
  'addr add 192.0.2.2/24 dev eth0',
  'addr add 2001:db8:1::2/64 dev eth0 nodad',
]

const POD = [
  'link set lo up',
  'link set eth0 up',
  'addr add 198.51.100.2/24 dev eth0',
  'addr add 2001:db8:2::2/64 dev eth0 nodad',
  ...PODS.map((pod) => `addr add ${pod} dev lo`),
  'route add default via 198.51.100.1',
  'route add default via 2001:db8:2::1',
]

const agents: Record<'client' | 'node', Agent | undefined> = { client: undefined, node: undefined }
let pods: Agent | undefined

beforeAll(async () => {
  await execa('modprobe', ['-a', 'vrf', 'veth'])
  await batch([], NODE)
  await batch(['-n', 'client'], CLIENT)
  await batch(['-n', 'pods'], POD)
  for (const name of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) {
    writeFileSync(`/proc/sys/net/${name}`, '1')
  }
  pods = new Agent('pods')
  agents.client = new Agent('client')
  agents.node = new Agent('mgmt', ['vrf', 'exec'])
  const answerers = PODS.map((pod) => ({ name: pod, addresses: [pod] }))
  await pods.request('listen', { answerers, ports: [8080] })
})

afterAll(async () => {
  await Promise.all([pods, ...Object.values(agents)].map((agent) => agent?.end()))
  for (const link of ['uplink', 'to-pods', 'mgmt']) await execa('ip', ['link', 'delete', link])
  for (const name of ['client', 'pods']) await execa('ip', ['netns', 'delete', name])
})

async function batch(options: readonly string[], commands: readonly string[]): Promise<void> {
  await execa('ip', [...options, '-batch', '-'], { input: commands.join('\n') })
}

/** A NodePort whose endpoints are on another node. */
const FIXTURE = 'dual-stack-node-port'
const NODE_PORT = 30123

function goal(
  backend: BackendKind,
  nodePortAddresses: NodePortAddresses,
  policy: 'cluster' | 'local',
) {
  const { cluster, node, settings } = goalOf(FIXTURE, backend)
  const services = cluster.services.map((each) => ({ ...each, externalPolicy: policy }))
  return {
    cluster: { ...cluster, services },
    node,
    settings: { ...settings, nodePortAddresses },
  } satisfies Goal
}

const ranges = ['192.0.2.0/24', '2001:db8:1::/64'].flatMap((text) => parseCidr(text)?.value ?? [])
const PRIMARY: NodePortAddresses = { kind: 'primary' }
const CHOICES: readonly NodePortAddresses[] = [
  PRIMARY,
  { kind: 'ranges', ranges, wholeFamilies: [] },
]

describe.each(['nftables', 'iptables', 'ipvs'] as const)('%s', (backend) => {
  test.each(CHOICES)(
    'a client in the VRF is answered on an address there: $kind',
    async (choice) => {
      await program(goal(backend, choice, 'cluster'))
      expect(await answers('client')).toEqual({ ipv4: 'answered', ipv6: 'answered' })
    },
  )

  test.each(CHOICES)(
    'policy Local has no effect on the node, in the VRF neither: $kind',
    async (choice) => {
      await program(goal(backend, choice, 'local'))
      expect(await answers('node')).toEqual({ ipv4: 'answered', ipv6: 'answered' })
      expect(await answers('client')).toEqual({ ipv4: 'dropped', ipv6: 'dropped' })
    },
  )
})

test.each(['nftables', 'iptables'] as const)(
  '%s: all addresses are those outside of VRFs',
  async (backend) => {
    await program(goal(backend, { kind: 'all' }, 'cluster'))
    expect(await answers('client')).toEqual({ ipv4: 'refused', ipv6: 'refused' })
  },
)

test('explain knows which addresses are in the VRF', async () => {
  const { addresses, inVrf } = await machineFacts()
  const isGlobal = (address: string): boolean => !address.startsWith('fe80:')
  expect([...(inVrf ?? [])].filter(isGlobal).sort()).toEqual(['192.0.2.1', '2001:db8:1::1'])
  expect(addresses).toContain('192.0.2.1')
  expect(addresses).toContain('198.51.100.1')
})

async function program(goal: Goal): Promise<void> {
  done(await dataplanes().of(goal.settings).program(goal))
}

async function answers(from: 'client' | 'node'): Promise<Record<'ipv4' | 'ipv6', string>> {
  const [ipv4, ipv6] = await Promise.all([probe(from, '192.0.2.1'), probe(from, '2001:db8:1::1')])
  return { ipv4, ipv6 }
}

async function probe(from: 'client' | 'node', host: string): Promise<string> {
  const target = { host, port: NODE_PORT, protocol: 'tcp', timeout: 10_000 }
  const found = await agents[from]?.request<ProbeResult[]>('probe', {
    target,
    connections: 1,
    concurrency: 1,
  })
  const [result] = found ?? []
  return result?.kind === 'failed' ? result.error : `${result?.kind}`
}
