import type { BfdProfile } from '../../announce/bgp/bfd-profile.ts'
import type { BgpAnnouncements, BgpSession, Vrf } from '../../announce/bgp/decision.ts'
import { type KeptSecrets, keptSecrets } from '../../announce/bgp/kept-secrets.ts'
import type { BgpPeer } from '../../announce/bgp/peer.ts'
import { isExternal } from '../../announce/bgp/session-end.ts'
import type { AnnouncerNode } from '../../announce/objects.ts'
import { unreachable } from '../../model/unreachable.ts'
import { advertisedTo, isBeyond } from './frr-advertised.ts'

/** A FRRConfiguration (frrk8s.metallb.io/v1beta1), from which frr-k8s configures its FRR. */
export interface FrrConfiguration {
  readonly apiVersion: 'frrk8s.metallb.io/v1beta1'
  readonly kind: 'FRRConfiguration'
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: object
}

/** For whom it is, and what the decision does not say. */
interface FrrConfigurationOptions {
  readonly node: Pick<AnnouncerNode, 'name' | 'labels'>
  readonly namespace: string
  /** The BGPPeers as they came, with the names of their Secrets, which frr-k8s reads itself. */
  readonly configured: readonly BgpPeer[]
}

const HOSTNAME = 'kubernetes.io/hostname'

/**
 * Returns the FRRConfiguration of a Node. frr-k8s joins it with those of others for the same Node, so it says
 * only what has been asked for: the router identifier where a BGPPeer names one, and no default. Fields
 * that frr-k8s has no words for are left out (`frrK8sProblems`).
 */
export function frrConfigurationOf(
  announced: BgpAnnouncements,
  { node, namespace, configured }: FrrConfigurationOptions,
): FrrConfiguration {
  const secrets = keptSecrets({ peers: configured })
  const names = new Set(announced.peers.map(({ name }) => name))
  const isRouterIdNamed = configured.some(
    (peer) => names.has(peer.name) && peer.routerId !== undefined,
  )
  const routers = [...announced.asns].map(([vrf, asn]) => ({
    asn,
    ...(isRouterIdNamed && { id: announced.routerId }),
    ...(vrf !== '' && { vrf }),
    neighbors: announced.peers
      .filter((session) => session.vrf === vrf && !isBeyond(session))
      .map((session) => neighbourOf(session, announced, secrets)),
    ...listed('prefixes', prefixesIn(vrf, announced)),
  }))
  const bfdProfiles = announced.bfdProfiles.map(profileOf)
  return {
    apiVersion: 'frrk8s.metallb.io/v1beta1',
    kind: 'FRRConfiguration',
    // As MetalLB's `metallb-<node>`, beside which it may be while one takes the place of the other.
    metadata: { name: `nodelb-${node.name}`, namespace },
    spec: {
      bgp: { routers, ...listed('bfdProfiles', bfdProfiles) },
      nodeSelector: { matchLabels: { [HOSTNAME]: node.labels.get(HOSTNAME) ?? node.name } },
    },
  }
}

function prefixesIn(vrf: Vrf, { routes }: BgpAnnouncements): readonly string[] {
  return routes.flatMap((route) => (route.vrf === vrf ? [route.prefix] : [])).sort()
}

function neighbourOf(
  session: BgpSession,
  announced: BgpAnnouncements,
  secrets: KeptSecrets,
): object {
  const { end, remoteAs, timers, connectTime, sourceAddress, families } = session
  const isOnInterface = end.kind === 'interface'
  return {
    ...(remoteAs.kind === 'number' ? { asn: remoteAs.asn } : { dynamicASN: remoteAs.kind }),
    ...placeFields(end),
    ...(session.port !== 179 && { port: session.port }),
    ...(sourceAddress !== undefined && !isOnInterface && { sourceaddress: sourceAddress }),
    ...passwordFields(session, secrets),
    ...(timers && { holdTime: `${timers.hold}s`, keepaliveTime: `${timers.keepalive}s` }),
    ...(connectTime !== undefined && { connectTime: `${connectTime}s` }),
    ...(session.ebgpMultihop && isExternal(session) && !isOnInterface && { ebgpMultiHop: true }),
    ...(session.bfdProfile !== undefined && { bfdProfile: session.bfdProfile }),
    ...(session.gracefulRestart && { enableGracefulRestart: true }),
    ...(families.length > 1 && !isOnInterface && { dualStackAddressFamily: true }),
    toAdvertise: advertisedTo(session.name, announced.routes),
  }
}

function placeFields(end: BgpSession['end']): object {
  switch (end.kind) {
    case 'address':
      return { address: end.address }
    case 'interface':
      return { interface: end.interface }
    default:
      return unreachable(end)
  }
}

/** A password that is written in the BGPPeer has no Secret, and stands in the object as it does there. */
function passwordFields({ name, password }: BgpSession, secrets: KeptSecrets): object {
  const secret = secrets.get(name)
  if (secret !== undefined) {
    const at = secret.indexOf('/')
    return { passwordSecret: { name: secret.slice(at + 1), namespace: secret.slice(0, at) } }
  }
  return password === undefined ? {} : { password: password.reveal() }
}

function profileOf(profile: BfdProfile): object {
  const { namespace: _, echoMode, passiveMode, ...rest } = profile
  const given = Object.entries(rest).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given),
    ...(echoMode && { echoMode }),
    ...(passiveMode && { passiveMode }),
  }
}

function listed(field: string, values: readonly unknown[]): object {
  return values.length === 0 ? {} : { [field]: values }
}
