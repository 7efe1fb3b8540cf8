import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import { agentStatus } from '../support/agent-status.ts'
import { tried } from '../support/runs.ts'
import { webNode, webService, webSlices } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
  place.write([webNode], 'node.json')
  place.write([webService({ ports: [nodePort] })], 'service.json')
  place.write(webSlices(['pod-a']), 'slices.json')
})

afterEach(() => place?.remove())

const nodePort = { name: 'tcp', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }

/** The Node as it is told of with these addresses and pod ranges. */
function node(addresses: readonly object[], podCIDRs?: readonly string[]): object {
  return { ...webNode, spec: podCIDRs ? { podCIDRs } : {}, status: { addresses } }
}

const internal = (address: string) => ({ type: 'InternalIP', address })
const PODS = ['10.244.1.0/24', 'fd00:10:244:1::/64']
const IPV4 = 'Node node-a names no InternalIP any more: 192.0.2.1 stays in use'
const IPV6 = 'Node node-a names no InternalIP any more: 2001:db8:1::1 stays in use'

const nodePorts = async (): Promise<readonly string[]> => [
  ...(await place.answers({ to: '192.0.2.1:30080' })),
  ...(await place.answers({ to: '[2001:db8:1::1]:30080' })),
]

/** Without what packets count. */
async function rules(): Promise<string> {
  return (await place.rules()).replace(/packets \d+ bytes \d+/g, '')
}

const LOSSES: readonly [string, object, readonly string[]][] = [
  ['all addresses', node([], PODS), [IPV4, IPV6]],
  ['the IPv6 address', node([internal('192.0.2.1')], PODS), [IPV6]],
  [
    'its InternalIP, with an ExternalIP left',
    node([{ type: 'ExternalIP', address: '198.51.100.7' }, internal('2001:db8:1::1')], PODS),
    [IPV4],
  ],
  [
    'its podCIDRs',
    node([internal('192.0.2.1'), internal('2001:db8:1::1')]),
    PODS.map((range) => `Node node-a names no podCIDR any more: ${range} stays in use`),
  ],
]

describe.each(tried(['nftables', 'iptables']))(
  'with %s, what a Node does not name any more',
  (backend) => {
    test.each(LOSSES)('stays in use, and is told: %s', async (_, lost, messages) => {
      const agent = place.start('--backend', backend)
      await agent.next('agent-ready')
      const before = await rules()
      place.write([lost], 'node.json')
      expect(await agent.next('condition-found')).toMatchObject({
        condition: 'NodeIncomplete',
        messages,
      })
      expect(await nodePorts()).toEqual(['pod-a', 'pod-a'])
      expect(await rules()).toBe(before)
      expect(await agentStatus(place.statusSocket)).toMatchObject({
        kind: 'status',
        status: { ready: true, conditions: messages },
      })
      place.write([webNode], 'node.json')
      await agent.next('condition-gone')
    })

    test('stays in use when the agent starts meanwhile', async () => {
      const first = place.start('--backend', backend)
      await first.next('agent-ready')
      const before = await rules()
      await first.end('SIGKILL')
      place.write([node([])], 'node.json')
      const second = place.start('--backend', backend)
      const { messages } = await second.next('condition-found')
      expect(messages).toEqual([
        'Node node-a has no IPv4 address: NodePorts stay on 192.0.2.1 until the Node names another',
        'Node node-a has no IPv4 podCIDR: pods stay 10.244.1.0/24 until the Node names another',
        'Node node-a has no IPv6 address: NodePorts stay on 2001:db8:1::1 until the Node names another',
        'Node node-a has no IPv6 podCIDR: pods stay fd00:10:244:1::/64 until the Node names another',
      ])
      expect(await second.next('agent-ready')).toMatchObject({ operations: 0 })
      expect(await nodePorts()).toEqual(['pod-a', 'pod-a'])
      expect(await rules()).toBe(before)
      place.write([webNode], 'node.json')
      await second.next('condition-gone')
      expect(await nodePorts()).toEqual(['pod-a', 'pod-a'])
    })

    test('gives way to what it names then', async () => {
      const agent = place.start('--backend', backend)
      await agent.next('agent-ready')
      place.write([node([], PODS)], 'node.json')
      await agent.next('condition-found')
      place.write([node([internal('192.0.2.254'), internal('2001:db8:1::1')], PODS)], 'node.json')
      await agent.next('condition-gone')
      await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
      expect(await nodePorts()).toEqual(['refused', 'pod-a'])
    })
  },
)
