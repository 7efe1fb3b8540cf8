import type { BfdProfile } from '../../announce/bgp/bfd-profile.ts'
import type { BgpSession, RemoteAs, SessionTimers } from '../../announce/bgp/decision.ts'
import { isExternal, placeOf } from '../../announce/bgp/session-end.ts'
import { familyOf } from '../../model/address.ts'
import { unreachable } from '../../model/unreachable.ts'

/** Port 179 is what FRR does not print (RFC 4271). */
const BGP_PORT = 179
/** The hops that `ebgp-multihop` allows unless it is told otherwise. */
const HOPS = 255

/** Returns the lines of a peer in its router, in FRR's words. */
export function peerLines(peer: BgpSession): readonly string[] {
  const { end, bfdProfile, timers } = peer
  const isOther = isExternal(peer)
  const isOnInterface = end.kind === 'interface'
  // FRR takes several hops, and another number of ours, only for peers of other autonomous systems.
  const multihop = peer.ebgpMultihop && isOther && !isOnInterface
  const nearIpv6 = !isOnInterface && isOther && !multihop && familyOf(end.address) === 'ipv6'
  const options: readonly (string | false | undefined)[] = [
    `${isOnInterface ? 'interface ' : ''}remote-as ${systemOf(peer.remoteAs)}`,
    isOther && value('local-as', peer.localAsn, ' no-prepend replace-as'),
    // FRR makes two lines of the second one: with one alone the other would be taken away each time.
    bfdProfile !== undefined && 'bfd',
    value('bfd profile', bfdProfile),
    value('password', peer.password?.reveal()),
    multihop && `ebgp-multihop ${HOPS}`,
    // As MetalLB has it: the peer's address need not lie in a prefix of this node's interfaces.
    nearIpv6 && 'disable-connected-check',
    peer.port !== BGP_PORT && value('port', peer.port),
    // On an interface FRR uses the addresses of that, and ignores this without a word.
    !isOnInterface && value('update-source', peer.sourceAddress),
    timers && `timers ${keepaliveOf(timers)} ${timers.hold}`,
    value('timers connect', peer.connectTime),
    peer.gracefulRestart && 'graceful-restart',
  ]
  return given(options).map((option) => `neighbor ${placeOf(end)} ${option}`)
}

function systemOf(remoteAs: RemoteAs): string {
  switch (remoteAs.kind) {
    case 'number':
      return String(remoteAs.asn)
    case 'internal':
    case 'external':
      return remoteAs.kind
    default:
      return unreachable(remoteAs)
  }
}

/** FRR lowers what is more than a third of the hold time (`peer_timers_set` of bgpd.c). */
function keepaliveOf({ keepalive, hold }: SessionTimers): number {
  return Math.min(keepalive, Math.floor(hold / 3))
}

/** FRR's defaults, which it does not print (manual of bfdd, "BFD Profile Configuration"). */
const BFD = { multiplier: 3, interval: 300, echoInterval: 50, minimumTtl: 254 }

/** Returns the lines of a BFD profile; what is FRR's default has none. */
export function bfdProfileLines(profile: BfdProfile): readonly string[] {
  const echoInterval = unless(BFD.echoInterval, profile.echoInterval)
  return given([
    value('detect-multiplier', unless(BFD.multiplier, profile.detectMultiplier)),
    value('transmit-interval', unless(BFD.interval, profile.transmitInterval)),
    value('receive-interval', unless(BFD.interval, profile.receiveInterval)),
    profile.passiveMode && 'passive-mode',
    profile.echoMode && 'echo-mode',
    value('echo transmit-interval', echoInterval),
    value('echo receive-interval', echoInterval),
    value('minimum-ttl', unless(BFD.minimumTtl, profile.minimumTtl)),
  ])
}

function unless(usual: number, asked: number | undefined): number | undefined {
  return asked === usual ? undefined : asked
}

function value(option: string, asked: string | number | undefined, rest = ''): string | undefined {
  return asked === undefined ? undefined : `${option} ${asked}${rest}`
}

function given(options: readonly (string | false | undefined)[]): readonly string[] {
  return options.filter((option) => typeof option === 'string')
}
