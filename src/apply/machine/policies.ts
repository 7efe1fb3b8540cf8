import type { IpFamily } from '../../model/address.ts'
import type { DroppingChain } from '../../plan/preflight.ts'
import {
  AttributeWriter,
  messageAttributes,
  readAttributes,
  readText,
  readU32,
} from '../netlink/attributes.ts'
import type { Reply } from '../netlink/message.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { CHAIN, FLAGS, HOOK, MESSAGE } from '../nftables/constants.ts'

/** NF_INET_FORWARD and NF_DROP of <linux/netfilter.h>. */
const FORWARD = 2
const DROP = 0

/** NFPROTO_* of <linux/netfilter.h>: the first byte of an nf_tables message. */
const FAMILIES: ReadonlyMap<number, { readonly name: string; readonly of: readonly IpFamily[] }> =
  new Map([
    [1, { name: 'inet', of: ['ipv4', 'ipv6'] }],
    [2, { name: 'ip', of: ['ipv4'] }],
    [10, { name: 'ip6', of: ['ipv6'] }],
  ])

interface FoundChain {
  readonly family: number
  readonly table: string
  readonly chain: string
  readonly dropsForwarded: boolean
}

/**
 * Returns the base chains of hook forward with policy drop in tables where no known chain accepts
 * the traffic of pods. Rejects with NetlinkError.
 */
export async function droppingChains(socket: NetlinkSocket): Promise<readonly DroppingChain[]> {
  const found = (await socket.dump(listAllChains())).replies.map(decode)
  return found
    .filter(({ dropsForwarded }) => dropsForwarded)
    .filter(({ family, table }) => {
      const beside = found.filter((it) => it.family === family && it.table === table)
      return !beside.some(({ chain }) => acceptsPods(chain))
    })
    .flatMap(({ family, table, chain }) => {
      const known = FAMILIES.get(family)
      if (known === undefined) return []
      const place = `table ${known.name} ${table}, chain ${chain}`
      return [{ families: known.of, place, remedy: remedy(known.name, table, chain) }]
    })
}

/**
 * Returns whether kube-proxy, nodelb or a network plug-in accepts traffic to pods in a chain of
 * this name.
 */
export function acceptsPods(chain: string): boolean {
  return /^(KUBE-FORWARD|NODELB-FORWARD|FLANNEL-FWD|cali-FORWARD|CILIUM_FORWARD|KUBE-ROUTER-FORWARD|WEAVE-NPC|CNI-FORWARD)$/.test(
    chain,
  )
}

function remedy(family: string, table: string, chain: string): string {
  if (table === 'filter' && chain === 'FORWARD') {
    return `${family === 'ip6' ? 'ip6tables' : 'iptables'} -P FORWARD ACCEPT`
  }
  return `nft add chain ${family} ${table} ${chain} '{ policy accept; }'`
}

/** Selects the chains of every family: family 0 means all of them. */
function listAllChains() {
  const payload = new AttributeWriter(SMALL).family(0).finish()
  return { type: MESSAGE.getChain, flags: FLAGS.dump, payload }
}

const SMALL = 64

function decode({ payload }: Reply): FoundChain {
  const found = messageAttributes(payload)
  return {
    family: payload[0] ?? 0,
    table: readText(found.get(CHAIN.table)),
    chain: readText(found.get(CHAIN.name)),
    dropsForwarded: hookOf(found.get(CHAIN.hook)) === FORWARD && isDrop(found.get(CHAIN.policy)),
  }
}

/** Undefined where the chain is not attached to a hook. */
function hookOf(hook: Buffer | undefined): number | undefined {
  const number = hook && readAttributes(hook).get(HOOK.number)
  return number && readU32(number)
}

function isDrop(policy: Buffer | undefined): boolean {
  return policy !== undefined && readU32(policy) === DROP
}
