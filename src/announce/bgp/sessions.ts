import type { Address } from '../../model/address.ts'
import { byText } from '../../model/compare-text.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { AnnounceProblem } from '../eligibility.ts'
import type { AnnouncerNode } from '../objects.ts'
import { anySelects } from '../selection.ts'
import type { BfdProfile } from './bfd-profile.ts'
import { clashAmong } from './clash.ts'
import type { BgpAnnouncements, BgpSession } from './decision.ts'
import type { BgpObjects } from './objects.ts'
import { PASSWORD, passwordFault } from './password.ts'
import type { BgpPeer } from './peer.ts'
import type { SecretText } from './secret-text.ts'

/** What a node announced before. */
type Former = Pick<BgpAnnouncements, 'peers' | 'bfdProfiles'>

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
 * with one before it in order of name, is reported and stops only itself. One that ran before goes on with
 * the Secret or BFDProfile that it had when that is gone or has turned bad (ADR 0010).
 */
export function sessionsOn(
  node: AnnouncerNode,
  objects: Pick<BgpObjects, 'peers' | 'bfdProfiles' | 'secrets'>,
  former?: Former,
): Sessions {
  const profiles = profilesOf([...(former?.bfdProfiles ?? []).map(asLast), ...objects.bfdProfiles])
  const known = new Set(objects.bfdProfiles.map(({ name }) => name))
  const running: BgpPeer[] = []
  const sessions: BgpSession[] = []
  const stopped: string[] = []
  const problems: AnnounceProblem[] = []
  const sorted = objects.peers.toSorted(byText(({ name, namespace }) => `${name} ${namespace}`))
  for (const peer of sorted.filter(({ nodes }) => anySelects(nodes, node.labels))) {
    const object = `BGPPeer/${peer.name}`
    const { session, faults } = sessionOf(peer, {
      ...{ running, profiles, known, secrets: objects.secrets },
      former: former?.peers.find(({ name }) => name === peer.name),
    })
    problems.push(...faults.map((message) => ({ object, message })))
    if (session === undefined) {
      stopped.push(peer.name)
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
  /** Those that are there, and those that sessions had before. */
  readonly profiles: ReadonlyMap<string, BfdProfile>
  /** The names of those that are there. */
  readonly known: ReadonlySet<string>
  /** The session as it ran before. */
  readonly former: BgpSession | undefined
}

/** The session of a BGPPeer, if it can be, and what is wrong with it. */
interface Checked {
  readonly session: BgpSession | undefined
  readonly faults: readonly string[]
}

function sessionOf(peer: BgpPeer, company: Company): Checked {
  const clash = clashAmong(company.running, peer)
  if (clash !== undefined)
    return { session: undefined, faults: [`${clash}; its session does not run`] }
  const profile = profileFault(peer, company)
  const read = passwordOf(peer, company.secrets)
  const password = read.kind === 'password' ? read.password : company.former?.password
  const faults = [
    ...(profile === undefined ? [] : [profile]),
    ...(read.kind === 'fault' ? [{ ...read, isReplaced: password !== undefined }] : []),
  ]
  const { namespace: _, nodes: __, routerId: ___, ...options } = peer
  return {
    session: faults.every(({ isReplaced }) => isReplaced) ? { ...options, password } : undefined,
    faults: faults.map(({ message, isReplaced }) =>
      isReplaced
        ? `${message}; its session goes on with the former one`
        : `${message}; its session waits for it`,
    ),
  }
}

interface Fault {
  readonly message: string
  /** Whether the session goes on with what it had before. */
  readonly isReplaced: boolean
}

function profileFault(
  { bfdProfile }: BgpPeer,
  { profiles, known, former }: Company,
): Fault | undefined {
  if (bfdProfile === undefined || known.has(bfdProfile)) return undefined
  const found = JSON.stringify(bfdProfile)
  const message = `spec.bfdProfile: found ${found}, expected the name of a BFDProfile`
  return { message, isReplaced: former?.bfdProfile === bfdProfile && profiles.has(bfdProfile) }
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

/** Behind all namespaces, so that a profile that is there comes before one that was. */
function asLast(profile: BfdProfile): BfdProfile {
  return { ...profile, namespace: '~' }
}

/** Of two profiles of one name the one in the first namespace counts. */
function profilesOf(profiles: readonly BfdProfile[]): ReadonlyMap<string, BfdProfile> {
  const sorted = profiles.toSorted(byText(({ namespace }) => namespace))
  return new Map(sorted.toReversed().map((profile) => [profile.name, profile]))
}
