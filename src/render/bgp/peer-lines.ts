import { familyOf } from '../../model/address.ts'
import { peerWord, type WantedBfdProfile, type WantedPeer } from './wanted.ts'

/** Port 179 is what FRR does not print (RFC 4271). */
const BGP_PORT = 179
/** The hops that `ebgp-multihop` allows unless it is told otherwise. */
const HOPS = 255

/** Returns the lines of a peer in its router, in FRR's words. */
export function peerLines(peer: WantedPeer, asn: number): readonly string[] {
  const { place, remoteAs, bfdProfile, timers } = peer
  const isExternal = remoteAs !== 'internal' && remoteAs !== asn
  const isOnInterface = place.kind === 'interface'
  // FRR takes several hops, and another number of ours, only for peers of other autonomous systems.
  const multihop = peer.multihop === true && isExternal && !isOnInterface
  const nearIpv6 = !isOnInterface && isExternal && !multihop && familyOf(place.address) === 'ipv6'
  const options: readonly (string | false | undefined)[] = [
    `${isOnInterface ? 'interface ' : ''}remote-as ${remoteAs}`,
    isExternal && value('local-as', peer.localAs, ' no-prepend replace-as'),
    // FRR makes two lines of the second one: with one alone the other would be taken away each time.
    bfdProfile !== undefined && 'bfd',
    value('bfd profile', bfdProfile),
    value('password', peer.password),
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
  return given(options).map((option) => `neighbor ${peerWord(place)} ${option}`)
}

/** FRR lowers what is more than a third of the hold time (`peer_timers_set` of bgpd.c). */
function keepaliveOf({ keepalive, hold }: NonNullable<WantedPeer['timers']>): number {
  return Math.min(keepalive, Math.floor(hold / 3))
}

/** FRR's defaults, which it does not print (manual of bfdd, "BFD Profile Configuration"). */
const BFD = { multiplier: 3, interval: 300, echoInterval: 50, minimumTtl: 254 }

/** Returns the lines of a BFD profile; what is FRR's default has none. */
export function bfdProfileLines(profile: WantedBfdProfile): readonly string[] {
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
