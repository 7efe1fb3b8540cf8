import type { Address } from '../../model/address.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { AnnounceProblem } from '../eligibility.ts'
import type { AnnouncerNode } from '../objects.ts'
import { anySelects } from '../selection.ts'
import type { BfdProfile } from './bfd-profile.ts'
import { byText } from './by-text.ts'
import { clashAmong } from './clash.ts'
import type { BgpSession } from './decision.ts'
import type { BgpObjects } from './objects.ts'
import { PASSWORD, passwordFault } from './password.ts'
import type { BgpPeer } from './peer.ts'
import type { SecretText } from './secret-text.ts'

/** The sessions of one node. */
export interface Sessions {
  /** In order of name. */
  readonly sessions: readonly BgpSession[]
  /** The identifier that their BGPPeers name; undefined if none does. */
  readonly routerId: Address | undefined
  readonly profiles: ReadonlyMap<string, BfdProfile>
  /** The names of the BGPPeers that select the node and have mistakes or wait. */
  readonly stopped: readonly string[]
  readonly problems: readonly AnnounceProblem[]
}

/**
 * Returns the sessions of the BGPPeers that select a node. One that cannot be, or does not go together
 * with one before it in order of name, is told and stops only itself.
 */
export function sessionsOn(
  node: AnnouncerNode,
  objects: Pick<BgpObjects, 'peers' | 'bfdProfiles' | 'secrets'>,
): Sessions {
  const profiles = profilesOf(objects.bfdProfiles)
  const running: BgpPeer[] = []
  const sessions: BgpSession[] = []
  const stopped: string[] = []
  const problems: AnnounceProblem[] = []
  const sorted = objects.peers.toSorted(byText(({ name, namespace }) => `${name} ${namespace}`))
  for (const peer of sorted.filter(({ nodes }) => anySelects(nodes, node.labels))) {
    const object = `BGPPeer/${peer.name}`
    const session = sessionOf(peer, { running, profiles, secrets: objects.secrets })
    if (typeof session === 'string') {
      stopped.push(peer.name)
      problems.push({ object, message: session })
      continue
    }
    running.push(peer)
    sessions.push(session)
    if (peer.gracefulRestart && peer.bfdProfile === undefined) {
      problems.push({ object, message: WITHOUT_BFD })
    }
  }
  const routerId = running.find((peer) => peer.routerId !== undefined)?.routerId
  return { sessions, routerId, profiles, stopped, problems }
}

const WITHOUT_BFD =
  'spec.enableGracefulRestart: found true without bfdProfile, expected both: without BFD the peer keeps the routes of a node that falls silent for minutes'

/** What a BGPPeer has to go together with. */
interface Company extends Pick<BgpObjects, 'secrets'> {
  readonly running: readonly BgpPeer[]
  readonly profiles: ReadonlyMap<string, BfdProfile>
}

/** Returns the session of a BGPPeer, or why there is none. */
function sessionOf(peer: BgpPeer, { running, profiles, secrets }: Company): BgpSession | string {
  const clash = clashAmong(running, peer)
  if (clash !== undefined) return `${clash}; its session does not run`
  const { bfdProfile } = peer
  if (bfdProfile !== undefined && !profiles.has(bfdProfile)) {
    return `spec.bfdProfile: found ${JSON.stringify(bfdProfile)}, expected the name of a BFDProfile; its session waits for it`
  }
  const read = passwordOf(peer, secrets)
  if (read.kind === 'fault') return `${read.message}; its session waits for it`
  const { namespace: _, nodes: __, routerId: ___, ...options } = peer
  return { ...options, password: read.password }
}

type Password =
  | { readonly kind: 'password'; readonly password: SecretText | undefined }
  | { readonly kind: 'fault'; readonly message: string }

function passwordOf({ password }: BgpPeer, secrets: BgpObjects['secrets']): Password {
  switch (password.kind) {
    case 'none':
      return { kind: 'password', password: undefined }
    case 'text':
      return { kind: 'password', password: password.text }
    case 'secret':
      return fromSecret(password.secret, secrets)
    default:
      return unreachable(password)
  }
}

const TYPE = 'kubernetes.io/basic-auth'

function fromSecret(name: string, secrets: BgpObjects['secrets']): Password {
  const fault = (found: string, expected: string): Password => {
    return { kind: 'fault', message: `spec.passwordSecret: found ${found}, expected ${expected}` }
  }
  const secret = secrets.get(name)
  if (secret === undefined) return fault(`no Secret ${name}`, `a Secret of type ${TYPE}`)
  if (secret.type !== TYPE) {
    return fault(`Secret ${name} of type ${JSON.stringify(secret.type)}`, `the type ${TYPE}`)
  }
  const { password } = secret
  if (password === undefined) return fault(`Secret ${name} without it`, 'the key password in it')
  const bad = passwordFault(password.reveal())
  if (bad !== undefined) return fault(`${bad} in Secret ${name}`, PASSWORD)
  return { kind: 'password', password }
}

/** Of two profiles of one name the one in the first namespace counts. */
function profilesOf(profiles: readonly BfdProfile[]): ReadonlyMap<string, BfdProfile> {
  const sorted = profiles.toSorted(byText(({ namespace }) => namespace))
  return new Map(sorted.toReversed().map((profile) => [profile.name, profile]))
}
