import type { BgpLan } from './bgp-lan.ts'
import { FrrLab } from './frr.ts'

/** The address of the second router, and its autonomous system. */
export const SECOND_ROUTER = { peerAddress: '10.0.1.254', peerASN: 65001 } as const

/** Where the node is for it. */
export const NODE_OF_SECOND = '10.0.1.1'

/** Connects the node with another router by a link of its own. */
export async function secondRouter(lan: BgpLan): Promise<FrrLab> {
  const { peerAddress, peerASN } = SECOND_ROUTER
  const second = await FrrLab.start('zebra', 'bgpd')
  const wire = ['link', 'add', 'eth1', 'type', 'veth', 'peer', 'eth0', 'netns', second.namespace]
  await lan.node.ip(...wire)
  await lan.node.ip('address', 'add', `${NODE_OF_SECOND}/24`, 'dev', 'eth1')
  await lan.node.ip('link', 'set', 'eth1', 'up')
  await second.ip('address', 'add', `${peerAddress}/24`, 'dev', 'eth0')
  await second.ip('link', 'set', 'eth0', 'up')
  await second.tell(
    'bgpd',
    ...['configure terminal', `router bgp ${peerASN}`, 'no bgp ebgp-requires-policy'],
    ...[`neighbor ${NODE_OF_SECOND} remote-as 64501`, `neighbor ${NODE_OF_SECOND} passive`, 'end'],
  )
  return second
}
