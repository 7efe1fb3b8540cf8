// Reads what bfdd tells of its sessions. This file is pure.

import { entries, field, number, parsed } from './json.ts'

/** A BFD session with a peer, as bfdd tells it; it counts since the session began. */
export interface BfdSession {
  /** Empty for the VRF that is there without a name. */
  readonly vrf: string
  /** The address of the peer; on an interface its link-local one. */
  readonly peer: string
  /** Empty if bfdd names none, as over several hops. */
  readonly interface: string
  /** FRR's word: `up`, `down`, `init` or `shutdown`. */
  readonly status: string
  readonly controlInput: number
  readonly controlOutput: number
  readonly echoInput: number
  readonly echoOutput: number
  readonly upEvents: number
  readonly downEvents: number
  readonly zebraNotifications: number
}

/** The commands whose answers `readBfd` takes. */
export const BFD_COMMANDS: readonly string[] = [
  'show bfd peers json',
  'show bfd peers counters json',
]

/** Reads the answers to `BFD_COMMANDS` (FRR 8.4 and 10); what is no list of sessions has none. */
export function readBfd(peers: string, counters: string): readonly BfdSession[] {
  const counted = new Map(listed(counters).map((each) => [keyOf(each), each]))
  return listed(peers).map((told) => {
    const counts = counted.get(keyOf(told))
    return {
      ...{ vrf: vrfOf(told), peer: text(told, 'peer'), interface: text(told, 'interface') },
      status: text(told, 'status'),
      controlInput: number(counts, 'control-packet-input'),
      controlOutput: number(counts, 'control-packet-output'),
      echoInput: number(counts, 'echo-packet-input'),
      echoOutput: number(counts, 'echo-packet-output'),
      upEvents: number(counts, 'session-up'),
      downEvents: number(counts, 'session-down'),
      zebraNotifications: number(counts, 'zebra-notifications'),
    }
  })
}

function listed(answer: string): readonly unknown[] {
  return entries(parsed(answer)).map(([, each]) => each)
}

function keyOf(told: unknown): string {
  return ['vrf', 'peer', 'local', 'interface'].map((name) => text(told, name)).join(' ')
}

function vrfOf(told: unknown): string {
  const vrf = text(told, 'vrf')
  return vrf === 'default' ? '' : vrf
}

function text(told: unknown, name: string): string {
  const found = field(told, name)
  return typeof found === 'string' ? found : ''
}
