import { type Tuple, tuple } from '../../model/tuple.ts'
import {
  destinationKey,
  type RealServer,
  serverKey,
  type VirtualServer,
} from '../../ruleset/ipvs/types.ts'
import type { Effect, Ground, IpvsStep, State } from '../nftables/state.ts'
import type { Way } from '../nftables/walk.ts'
import type { Hook } from '../traveller.ts'

/**
 * The priorities at which ipvs takes connections: NF_IP_PRI_NAT_SRC - 1 and NF_IP_PRI_NAT_DST + 2
 * (`ip_vs_in_hook` in `ip_vs_ops4` and `ip_vs_ops6`, net/netfilter/ipvs/ip_vs_core.c of Linux 6.1).
 */
export const IPVS_PRIORITY: Readonly<Partial<Record<Hook, number>>> = { input: 99, output: -98 }

/** Returns the virtual server that takes the packet, as `ip_vs_service_find` does, or undefined. */
export function serverFor({ ipvs }: Ground, state: State): VirtualServer | undefined {
  const { destination, port, original } = state
  const { protocol } = original
  if (state.balanced || protocol === 'icmp' || port === undefined) return undefined
  // Servers by firewall mark and for all ports of an address are not looked for; nodelb makes none.
  return ipvs?.servers.get(serverKey({ address: destination, protocol, port }))
}

/** Returns the ways to the destinations of a server; none if it takes no new connections. */
export function balance(
  server: VirtualServer,
  hook: Hook,
  { odds, state }: Way,
  doubts: Set<string>,
): readonly Way[] {
  const open = destinationsFor(server, state)
  const doubt = UNEVEN[server.scheduler]
  if (open.length > 1 && doubt !== undefined) doubts.add(doubt)
  return open.map((to) => ({ odds: odds / open.length, state: lead(server, hook, to, state) }))
}

/** Adds a step that leads nowhere. */
export function turnAway(server: VirtualServer, hook: Hook, { odds, state }: Way): Way {
  return { odds, state: withStep(state, { server, hook, destination: undefined, effects: [] }) }
}

/** Returns the client's remembered destination if it is open (`ip_vs_check_template`), else all. */
function destinationsFor(server: VirtualServer, state: State): readonly RealServer[] {
  const open = [...server.destinations.values()].filter(({ weight }) => weight > 0)
  const remembered = state.clients.get(PERSISTENCE)
  const home = open.find((to) => remembered?.has(persistence(server, to, state)))
  return home === undefined ? open : [home]
}

/**
 * The doubts for schedulers that do not give each destination its equal share of every client's
 * connections. Weights are equal and nearly all schedulers do that; where these ones lead is not
 * worked out.
 */
const UNEVEN: Readonly<Partial<Record<string, string>>> = {
  fo: 'which of them: scheduler fo uses one for all clients, another when that is gone',
  ovf: 'which of them: scheduler ovf fills one before it uses another',
  dh: 'which of them: scheduler dh goes by a hash of the address that the client came to',
  lblc: 'which of them: scheduler lblc goes by the address that the client came to',
  lblcr: 'which of them: scheduler lblcr goes by the address that the client came to',
  sh: "which of them: scheduler sh goes by a hash of the client's address",
  mh: "which of them: scheduler mh goes by a hash of the client's address and port",
}

/** The list in `Clients` of those who stay with a destination: `client . server . destination`. */
const PERSISTENCE = 'ipvs:persistence'

function persistence(server: VirtualServer, to: RealServer, { source }: State): Tuple {
  return tuple(source, serverKey(server), destinationKey(to))
}

function lead(server: VirtualServer, hook: Hook, to: RealServer, before: State): State {
  const state = server.persistence === undefined ? before : remember(server, to, before)
  const effects: readonly Effect[] = [
    { kind: 'dnat', to: destinationKey(to) },
    ...(server.persistence === undefined
      ? []
      : [{ kind: 'remember', set: PERSISTENCE, client: persistence(server, to, before) } as const]),
  ]
  const led = { ...state, destination: to.address, port: to.port, balanced: true }
  return withStep(led, { server, hook, destination: to, effects })
}

function remember(server: VirtualServer, to: RealServer, state: State): State {
  const known = state.clients.get(PERSISTENCE) ?? []
  const clients = new Set([...known, persistence(server, to, state)])
  return { ...state, clients: new Map(state.clients).set(PERSISTENCE, clients) }
}

function withStep(state: State, step: Omit<IpvsStep, 'kind' | 'elements'>): State {
  return { ...state, steps: [...state.steps, { kind: 'ipvs', elements: [], ...step }] }
}
