import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Agent, type ProbeResult } from '../support/agent.ts'
import { eventually } from '../support/eventually.ts'
import { type FrrDaemon, FrrLab } from '../support/frr.ts'
import { Janitor } from '../support/lab.ts'
import { RunningAgent } from '../support/running-agent.ts'

// The manifests of MetalLB's handbooks as their users have them: a router at 192.168.1.1 in AS 64501, and
// addresses of the network of the nodes.

const examples = fileURLToPath(new URL('../golden/announcers/', import.meta.url))
const ROUTER = '192.168.1.1'
const NODE = '192.168.1.11'
const VIP = '192.168.1.100'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-handbook-'))
const janitor = new Janitor([], folder)
let ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  ends = []
})

afterAll(() => janitor.clean())

async function lab(...daemons: readonly FrrDaemon[]): Promise<FrrLab> {
  const made = await FrrLab.start(...daemons)
  ends.push(() => made.remove())
  return made
}

function inside({ namespace }: FrrLab): Agent {
  const agent = new Agent(namespace)
  ends.push(() => agent.end())
  return agent
}

/** A node with an endpoint, its router, and a client behind that. */
async function network() {
  const [node, router, client] = [await lab('bgpd'), await lab('zebra', 'bgpd'), await lab()]
  await node.connect(router, `${NODE}/24`, `${ROUTER}/24`)
  await node.ip('route', 'add', 'default', 'via', ROUTER)
  await node.ip('address', 'add', '10.244.0.10/32', 'dev', 'lo')
  const cable = ['type', 'veth', 'peer', 'name', 'eth1', 'netns', router.namespace]
  await client.ip('link', 'add', 'eth0', ...cable)
  await client.ip('address', 'add', '10.1.0.2/24', 'dev', 'eth0')
  await client.ip('link', 'set', 'eth0', 'up')
  await router.ip('address', 'add', '10.1.0.1/24', 'dev', 'eth1')
  await router.ip('link', 'set', 'eth1', 'up')
  await client.ip('route', 'add', 'default', 'via', '10.1.0.1')
  for (const { namespace } of [node, router]) {
    await execa('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
  }
  await router.tell(
    'bgpd',
    // What the daemons of the tests are started with keeps routes out of the kernel.
    ...['configure terminal', 'no bgp no-rib', 'router bgp 64501', `bgp router-id ${ROUTER}`],
    ...['no bgp ebgp-requires-policy', `neighbor ${NODE} remote-as 64500`],
    ...[`neighbor ${NODE} passive`, 'end'],
  )
  return { node, router, client }
}

/** Starts the shipped program on the node with an example, and resolves when the rules are there. */
async function announce(node: FrrLab, example: string): Promise<void> {
  const bgp = { enabled: true, frr: { sockets: node.folder } }
  const configuration = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' }
  const config = join(folder, `${example}.config.yaml`)
  writeFileSync(config, JSON.stringify({ ...configuration, announce: { bgp } }))
  const agent = RunningAgent.start(
    ['ip', 'netns', 'exec', node.namespace],
    [
      ...['-f', join(examples, `${example}.yaml`), '--node', 'n1', '--config', config],
      ...['--state', join(folder, `${example}.state`), '--listen', '127.0.0.1:10266'],
      ...['--status-socket', join(folder, `${example}.sock`)],
    ],
  )
  ends.push(async () => agent.kill('SIGKILL'))
  await agent.first('agent-ready')
}

test.each(['bgp-config-map', 'bgp-production-pool'])(
  'with %s a client behind the router is served at 192.168.1.100',
  async (example) => {
    const { node, router, client } = await network()
    const answerers = [{ name: 'web', addresses: ['10.244.0.10'] }]
    await inside(node).request('listen', { answerers, ports: [8080], idle: 2_000 })
    await announce(node, example)
    await eventually(async () => {
      const { stdout } = await execa('ip', ['-n', router.namespace, 'route', 'show', VIP])
      return stdout.includes(`via ${NODE}`)
    })
    const target = { host: VIP, port: 80, protocol: 'tcp', timeout: 1_000 }
    const asked = { target, connections: 20, concurrency: 5 }
    const answers = await inside(client).request<ProbeResult[]>('probe', asked)
    expect(answers).toHaveLength(20)
    for (const answer of answers) expect(answer).toMatchObject({ pod: 'web' })
  },
)
