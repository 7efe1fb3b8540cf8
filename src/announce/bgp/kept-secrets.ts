import type { BgpObjects } from './objects.ts'

/** The Secrets of sessions whose passwords another program reads, as `namespace/name`, by BGPPeer. */
export type KeptSecrets = ReadonlyMap<string, string>

/**
 * Leaves the passwords that are in Secrets to the program that speaks BGP: no session waits for one, and
 * nodelb does not read it.
 */
export function withoutSecrets(objects: BgpObjects): BgpObjects {
  const peers = objects.peers.map((peer) =>
    peer.password.kind === 'secret' ? { ...peer, password: { kind: 'none' } as const } : peer,
  )
  return { ...objects, peers, secrets: new Map() }
}

/** Returns the Secrets that BGPPeers name. */
export function keptSecrets({ peers }: Pick<BgpObjects, 'peers'>): KeptSecrets {
  return new Map(
    peers.flatMap(({ name, password }) =>
      password.kind === 'secret' ? [[name, password.secret] as const] : [],
    ),
  )
}
