import type { Member, MemberState } from '../announce/member.ts'
import type { Obstacle, Phase } from '../announce/spot.ts'
import type { Transition } from '../announce/transition-state.ts'
import type { Responder } from '../dataplane/announce/responder.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Outlook } from './outlook.ts'

/** What a node does about announcing at the moment, for people. */
export interface AnnounceView {
  /** Whether the kernel answers, or the agent. */
  readonly responder: Responder['kind']
  /** Milliseconds for which the kernel would go on without the agent. */
  readonly switchMs: number
  /** False as long as this node is a newcomer, which ranks behind the others. */
  readonly settled: boolean
  readonly members: readonly {
    readonly node: string
    readonly state: MemberState
    readonly settled: boolean
  }[]
  /** Those that have a Node as a candidate, and those for which this node answers. */
  readonly addresses: readonly AddressView[]
}

interface AddressView {
  readonly address: string
  readonly services: readonly string[]
  /** The Node that should answer; null if no candidate is live. */
  readonly owner: string | null
  /** The Nodes that may answer, the first choice first. */
  readonly candidates: readonly string[]
  /** What this node does on each interface; empty if it has nothing to do with the address. */
  readonly here: readonly SpotView[]
}

interface SpotView {
  readonly interface: string
  readonly state: 'answers' | 'asks' | 'waits' | 'hands-over'
  /** Why it waits: a member or a stranger has the address, or the kernel refused it. */
  readonly reason?: 'held' | 'conflict' | 'refused'
  /** Who has it. */
  readonly mac?: string
  /** A stranger that claims it as well, while this node answers. */
  readonly disputedBy?: string
}

interface Seen {
  readonly responder: Responder['kind']
  readonly state: Transition
  readonly outlook: Outlook
  readonly members: readonly Member[]
  readonly now: number
}

/** Returns what this node does. */
export function viewOf({ responder, state, outlook, members, now }: Seen): AnnounceView {
  const here = new Map<string, SpotView[]>()
  for (const { spot, phase } of state.spots.values()) {
    const views = here.get(spot.address) ?? []
    views.push(spotView(spot.interface, phase))
    here.set(spot.address, views)
  }
  const { hold } = state.settings
  return {
    responder,
    switchMs: Math.max(0, Math.round(state.renewedAt + hold - now)),
    settled: state.isSettled,
    members: members.map(({ node, state: standing, settled }) => {
      return { node, state: standing, settled }
    }),
    addresses: [...outlook.announcements.values()].map(
      ({ address, services, owner, candidates }) => ({
        address,
        services,
        owner: owner ?? null,
        candidates,
        here: here.get(address) ?? [],
      }),
    ),
  }
}

function spotView(name: string, phase: Phase): SpotView {
  switch (phase.kind) {
    case 'answering':
      return {
        ...{ interface: name, state: phase.yieldsTo === undefined ? 'answers' : 'hands-over' },
        ...(phase.dispute !== undefined && { disputedBy: phase.dispute.mac }),
      }
    case 'asking':
      if (phase.before !== undefined) return waitingView(name, phase.before)
      return { interface: name, state: 'asks' }
    case 'waiting':
      return waitingView(name, phase.obstacle)
    default:
      return unreachable(phase)
  }
}

/** While it asks anew, what was in the way is all that is known. */
function waitingView(name: string, obstacle: Obstacle): SpotView {
  const mac = obstacle.kind === 'refused' ? undefined : obstacle.mac
  return {
    ...{ interface: name, state: 'waits', reason: obstacle.kind },
    ...(mac !== undefined && { mac }),
  }
}
