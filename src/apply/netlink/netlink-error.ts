import { constants } from 'node:os'

/** Error numbers that nf_tables answers and Node.js does not name. */
const UNNAMED: readonly (readonly [number, string])[] = [
  [76, 'ENOTUNIQ'],
  [85, 'ERESTART'],
  [105, 'ENOBUFS'],
  [117, 'EUCLEAN'],
  [512, 'ERESTARTSYS'],
  [524, 'ENOTSUPP'],
]

/** Aliases of EAGAIN, EDEADLK and EOPNOTSUPP; the kernel's sources use the latter names. */
const ALIASES: ReadonlySet<string> = new Set(['EWOULDBLOCK', 'EDEADLOCK', 'ENOTSUP'])

const NAMES: ReadonlyMap<number, string> = new Map([
  ...UNNAMED,
  ...Object.entries(constants.errno)
    .filter(([name]) => !ALIASES.has(name))
    .map(([name, number]): [number, string] => [number, name]),
])

/** Returns "ENOENT" for 2, and "E1234" for a number without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`
}

/** Returns 2 for "ENOENT", and 0 for an unknown name. */
export function errnoNumber(name: string): number {
  for (const [number, known] of NAMES) if (known === name) return number
  return 0
}

interface ErrorDetail {
  readonly offset?: number
  readonly explanation?: string
}

/** Thrown when the kernel refuses a request or the socket cannot be used. */
export class NetlinkError extends Error {
  override readonly name: string = 'NetlinkError'
  readonly code: string
  readonly errno: number
  /** The offset at which the failing attribute starts in the request, counted from its nlmsghdr. */
  readonly offset: number | undefined

  constructor(code: string, what: string, detail: ErrorDetail = {}) {
    super(detail.explanation ? `${what}: ${code}, ${detail.explanation}` : `${what}: ${code}`)
    this.code = code
    this.errno = errnoNumber(code)
    this.offset = detail.offset
  }
}
