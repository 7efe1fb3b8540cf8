import type { TableFamily } from '../../model/family.ts'
import type { ChainName, IptablesTable, RuleText } from '../../ruleset/iptables/types.ts'
import type { Ended } from './process.ts'

/** What keeps a program from working at all, whatever its input. */
export interface Obstacle {
  readonly kind:
    | 'not-permitted'
    /** Another program holds the lock of the legacy tables. */
    | 'locked'
    /** The program, which is too old, or the kernel does not support it. */
    | 'unsupported'
    | 'not-started'
    /** The time limit, the caller or another process stopped the program. */
    | 'stopped'
    /** None of the above; the reason is what the program printed. */
    | 'failed'
  readonly reason: string
}

/** A part of the input that the program or the kernel refuses. */
export interface IptablesFailure {
  readonly family: TableFamily
  readonly table: IptablesTable
  /**
   * Missing where the kernel refuses a commit of the legacy flavour: it may be any chain of the
   * table.
   */
  readonly chain?: ChainName
  readonly rule?: RuleText
  readonly message: string
}

const NEEDS = 'give nodelb the capabilities NET_ADMIN and NET_RAW'

/** What the programs print, most specific first. */
const SIGNS: readonly (readonly [RegExp, Obstacle['kind'], string?])[] = [
  [/xtables lock|can't lock/i, 'locked'],
  [/permission denied|operation not permitted/i, 'not-permitted', NEEDS],
  [/unrecognized option|invalid option/i, 'unsupported', 'iptables 1.6.2 or newer is needed'],
  [/is incompatible, use 'nft' tool/, 'unsupported'],
  [
    /initialize table|table does not exist|failed to initialize nft|protocol not supported/i,
    'unsupported',
    `the kernel lacks the table, or nodelb a right: ${NEEDS}`,
  ],
]

/** Returns why a program that was not successful did nothing; `failed` where no reason is known. */
export function obstacleOf(ended: Ended): Obstacle {
  switch (ended.kind) {
    case 'not-started':
      return { kind: 'not-started', reason: ended.reason }
    case 'stopped':
      return { kind: 'stopped', reason: ended.why }
    case 'exited':
      return knownObstacle(ended.stderr) ?? { kind: 'failed', reason: told(ended) }
  }
}

/**
 * Returns the obstacle that standard error shows; undefined where it shows none of the known ones.
 */
export function knownObstacle(stderr: string): Obstacle | undefined {
  for (const [sign, kind, remedy] of SIGNS) {
    if (!sign.test(stderr)) continue
    const said = sentences(stderr)
    return { kind, reason: remedy === undefined ? said : `${said}: ${remedy}` }
  }
  return undefined
}

/** What went wrong in a line of the input; lines are counted from 1. */
interface LineFailure {
  readonly line: number
  readonly message: string
}

/**
 * Returns the failures in standard error, which names the line in three ways: `line 3: RULE_APPEND
 * failed (…)` by the kernel of the nft flavour, many at once; `Error occurred at line: 3` after the
 * reason; `line 3 failed: …` with or without a reason.
 */
export function lineFailures(stderr: string): readonly LineFailure[] {
  const found: LineFailure[] = []
  let said = ''
  for (const line of stderr.split('\n')) {
    const kernel = /^line (\d+): (.+)$/.exec(line)
    const parser = /^Error occurred at line: (\d+)$/.exec(line)
    const other = /line (\d+) failed(?:: (.*))?$/.exec(line)
    if (kernel) found.push({ line: Number(kernel[1]), message: kernel[2] ?? '' })
    else if (parser) found.push({ line: Number(parser[1]), message: withoutProgram(said) })
    else if (other) found.push({ line: Number(other[1]), message: other[2] ?? 'refused' })
    else if (line !== '' && !line.startsWith('Try ')) said = line
  }
  return found
}

/**
 * Returns the table, chain and rule of a failure; undefined before the first table. `lines` is
 * split once for all failures.
 */
export function locate(
  family: TableFamily,
  lines: readonly string[],
  { line, message }: LineFailure,
): IptablesFailure | undefined {
  const table = tableAt(lines, line)
  if (table === undefined) return undefined
  const text = lines[line - 1] ?? ''
  const [, kind, chain, rule] = /^(:|-[A-Z] )(\S+)(?: (.*))?$/.exec(text) ?? []
  if (chain === undefined) return { family, table, message }
  if (rule === undefined || kind === ':') return { family, table, chain, message }
  return { family, table, chain, rule, message }
}

function tableAt(lines: readonly string[], line: number): IptablesTable | undefined {
  const start = lines.findLastIndex((text, index) => index < line && text.startsWith('*'))
  return start === -1 ? undefined : (lines[start]?.slice(1) as IptablesTable)
}

function told({ code, stderr }: Extract<Ended, { readonly kind: 'exited' }>): string {
  return sentences(stderr) || `exit code ${code} without a word`
}

function sentences(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !/^(Try |Error occurred)/.test(line))
    .map(withoutProgram)
    .slice(0, 3)
    .join('; ')
}

/** Removes a prefix such as "iptables-restore v1.8.9 (legacy): ". */
function withoutProgram(text: string): string {
  return text.replace(/^(ip6?tables(-\w+)*( v[\d.]+)?( \(\w+\))?: )+/, '')
}
