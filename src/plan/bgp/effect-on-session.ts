import { neighbourLine, slotOf } from '../../ruleset/bgp/lines.ts'
import { kindOf } from '../../ruleset/bgp/tree.ts'
import type { Operation } from './operation.ts'

/**
 * What a step does to sessions that are established: nothing; it counts from the next session on; the
 * session ends and comes back after about two seconds; it ends for good.
 */
type SessionEffect = 'nothing' | 'next-session' | 'resets' | 'ends'

/**
 * What FRR does when an option of a neighbour changes: measured with 8.4 and 10.3. `port` and
 * `disable-connected-check` were not measured: they count as the worse.
 */
const OPTIONS: Readonly<Record<string, SessionEffect>> = {
  'remote-as': 'resets',
  'local-as': 'resets',
  password: 'resets',
  port: 'resets',
  'ebgp-multihop': 'resets',
  'disable-connected-check': 'resets',
  'update-source': 'resets',
  activate: 'resets',
  bfd: 'nothing',
  'bfd profile': 'nothing',
  timers: 'next-session',
  'timers connect': 'nothing',
  // FRR 10 resets at once; 8.4 leaves it to the next session.
  'graceful-restart': 'resets',
  'route-map in': 'nothing',
  'route-map out': 'nothing',
}

const ROUTER_LINES: Readonly<Record<string, SessionEffect>> = {
  'bgp router-id': 'resets',
  'no bgp default ipv4-unicast': 'nothing',
  'no bgp network import-check': 'nothing',
  'coalesce-time 50': 'next-session',
  'bgp graceful-restart preserve-fw-state': 'next-session',
}

/**
 * Returns what a step does to the session of the neighbour that it is about, or, if it is about a
 * router, to all sessions of this. A line that nodelb does not know may reset them.
 */
export function effectOnSession(operation: Operation): SessionEffect {
  switch (operation.kind) {
    case 'remove-neighbour':
      return 'ends'
    case 'close':
      return kindOf(operation.context) === 'router' ? 'ends' : 'nothing'
    case 'open':
      return 'nothing'
    default:
      return operation.isNew ? 'nothing' : effectOfLine(operation)
  }
}

function effectOfLine(operation: Extract<Operation, { kind: 'set' | 'unset' }>): SessionEffect {
  const { context, line, kind } = operation
  const place = kindOf(context)
  if (place !== 'router' && place !== 'family') return 'nothing'
  const about = neighbourLine(line)
  if (about === undefined) {
    return place === 'family' ? 'nothing' : (ROUTER_LINES[slotOf(line)] ?? 'resets')
  }
  // A neighbour that was shut down has no session.
  if (about.option === 'shutdown') return kind === 'set' ? 'ends' : 'nothing'
  return OPTIONS[about.option] ?? 'resets'
}
