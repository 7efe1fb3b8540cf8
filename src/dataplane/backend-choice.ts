import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { readKernel } from '../apply/nftables/read.ts'
import { refusedOf } from '../apply/nftables/trial.ts'
import type { Address, Cidr, Port } from '../model/address.ts'
import { nftablesBackend } from '../model/backend.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import { plan } from '../plan/nftables/plan.ts'
import { renderCluster } from '../render/render.ts'

/** The backend that `backend: auto` means on this node. */
export interface BackendChoice {
  readonly backend: 'nftables' | 'iptables'
  /** Why this backend was chosen, for the log. */
  readonly reason: string
}

/**
 * Returns nftables where the kernel accepts every kind of rule that nodelb makes, else iptables.
 * Rejects with NetlinkError (EPERM) where the kernel does not answer because CAP_NET_ADMIN is
 * missing.
 */
export async function chooseBackend(): Promise<BackendChoice> {
  let socket: NetlinkSocket | undefined
  try {
    socket = NetlinkSocket.open()
    const refused = await refusal(socket)
    return refused === undefined
      ? { backend: 'nftables', reason: 'the kernel has nftables' }
      : { backend: 'iptables', reason: `the kernel says ${refused} to a rule set for nftables` }
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code === 'EPERM') throw error
    return { backend: 'iptables', reason: `the kernel has no nftables (${error.code})` }
  } finally {
    socket?.close()
  }
}

/**
 * Returns what the kernel refuses; undefined where it accepts all. A kernel that already holds
 * nodelb's tables has accepted them.
 */
async function refusal(socket: NetlinkSocket): Promise<string | undefined> {
  const { ruleset } = await readKernel(socket)
  if (ruleset.ip !== undefined || ruleset.ip6 !== undefined) return undefined
  return refusedOf(socket, plan({}, renderCluster(sample, node, settings).ruleset()))
}

/**
 * Renders to every kind of rule: TCP and UDP, one endpoint and two, affinity, ranges, no endpoint.
 */
const sample: Cluster = {
  services: [
    {
      namespace: 'sample',
      name: 'web',
      created: '',
      clusterAddresses: ['10.96.0.1' as Address],
      externalAddresses: [],
      loadBalancerAddresses: ['203.0.113.1' as Address],
      sourceRanges: ['198.51.100.0/24' as Cidr],
      internalPolicy: 'cluster',
      externalPolicy: 'local',
      affinity: { kind: 'client-ip', seconds: 60 },
      healthCheckPort: undefined,
      ports: [
        { name: 'a', protocol: 'tcp', port: 80 as Port, nodePort: 30080 as Port },
        { name: 'b', protocol: 'udp', port: 53 as Port, nodePort: undefined },
      ],
    },
  ],
  slices: [
    {
      namespace: 'sample',
      name: 'web-1',
      service: 'web',
      family: 'ipv4',
      ports: [{ name: 'a', protocol: 'tcp', port: 8080 as Port }],
      endpoints: ['10.244.1.1', '10.244.1.2'].map((address) => ({
        address: address as Address,
        nodeName: 'node',
        ready: true,
        serving: true,
        terminating: false,
        zones: undefined,
        nodes: undefined,
      })),
    },
  ],
}

const node: NodeView = {
  name: 'node',
  zone: undefined,
  addresses: ['192.0.2.1' as Address],
  podCidrs: [],
}

const settings: Settings = {
  scope: 'all',
  target: 'pods',
  localTraffic: { kind: 'ranges', ranges: ['10.244.1.0/24' as Cidr] },
  nodePortAddresses: { kind: 'primary' },
  masqueradeAll: false,
  masqueradeBit: 14,
  serviceRanges: ['10.96.0.0/24' as Cidr],
  backend: nftablesBackend,
}
