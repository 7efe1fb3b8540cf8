// What single lines of FRR's configuration are, and how they are taken back.

/** Options of a neighbour that carry a value; a longer name stands before its beginning. */
const NEIGHBOUR_VALUES = [
  'interface remote-as',
  'remote-as',
  'local-as',
  'bfd profile',
  'password',
  'port',
  'ebgp-multihop',
  'update-source',
  'timers connect',
  'timers',
]

/** Options of a neighbour without a value. */
const NEIGHBOUR_FLAGS = [
  'shutdown',
  'bfd',
  'disable-connected-check',
  'graceful-restart',
  'activate',
]

/** Other lines that carry a value, by what they begin with. */
const VALUES =
  /^(?:bgp router-id|network \S+|match tag|set (?:tag|community|large-community|extcommunity bandwidth|local-preference)|detect-multiplier|(?:echo )?(?:transmit|receive)-interval|minimum-ttl)(?= )/

/** BFD has no `no` for these: FRR's default (manual of bfdd, "BFD Profile Configuration") is set instead. */
const BFD_DEFAULTS: Readonly<Record<string, number>> = {
  'detect-multiplier': 3,
  'transmit-interval': 300,
  'receive-interval': 300,
  'echo transmit-interval': 50,
  'echo receive-interval': 50,
}

/** A line about a neighbour. */
interface NeighbourLine {
  /** An address, or the name of an interface. */
  readonly neighbour: string
  /** The option without its value, such as `timers connect` or `route-map in`. */
  readonly option: string
  /** Whether nodelb writes such lines. */
  readonly known: boolean
}

/** Takes apart a line about a neighbour; undefined if it is about something else. */
export function neighbourLine(line: string): NeighbourLine | undefined {
  const [, neighbour, rest] = /^(?:no )?neighbor (\S+) (.+)$/.exec(line) ?? []
  if (neighbour === undefined || rest === undefined) return undefined
  const [, direction] = /^route-map \S+ (in|out)$/.exec(rest) ?? []
  if (direction !== undefined) return { neighbour, option: `route-map ${direction}`, known: true }
  const valued = NEIGHBOUR_VALUES.find((name) => rest.startsWith(`${name} `))
  if (valued !== undefined) {
    return { neighbour, option: valued.replace('interface ', ''), known: true }
  }
  return { neighbour, option: rest, known: NEIGHBOUR_FLAGS.includes(rest) }
}

/** Names what a line sets: of two lines with the same slot, the later one takes the place of the other. */
export function slotOf(line: string): string {
  const about = neighbourLine(line)
  if (about?.known && !line.startsWith('no ')) return `neighbor ${about.neighbour} ${about.option}`
  return VALUES.exec(line)?.[0] ?? line
}

/** Returns the line that takes another one back: `no` and the words up to the name of the option. */
export function undoOf(line: string): string {
  if (line.startsWith('no ')) return line.slice('no '.length)
  const slot = slotOf(line)
  const usual = BFD_DEFAULTS[slot]
  if (usual !== undefined) return `${slot} ${usual}`
  // FRR wants to know which map no longer applies.
  return `no ${neighbourLine(line)?.option.startsWith('route-map ') ? line : slot}`
}

/** Returns the password that a line carries. */
export function secretIn(line: string): string | undefined {
  return /^(?:no )?neighbor \S+ password (.+)$/.exec(line)?.[1]
}

/** Returns the line as it may be shown: without the password that it may carry. */
export function masked(line: string): string {
  const secret = secretIn(line)
  return secret === undefined ? line : `${line.slice(0, -secret.length)}***`
}
