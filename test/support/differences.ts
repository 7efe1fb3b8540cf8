import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import type { BackendKind } from '../../src/model/backend.ts'
import type { Expectation } from './packets.ts'

/** Something that a backend does otherwise, with the reason: see fixtures/differences.yaml. */
export type Difference = Lack | Departure

interface Lack {
  readonly backend: BackendKind
  readonly why: string
  /** Fixtures. */
  readonly lacks: readonly string[]
}

interface Departure {
  readonly backend: BackendKind
  readonly why: string
  readonly outcome: 'refused' | 'dropped' | 'untouched'
  /** Why the lab cannot show it: only the tracer is asked. */
  readonly unsent?: string | undefined
  /** By fixture, `client -> 203.0.113.15:8883/tcp`. */
  readonly packets: Readonly<Record<string, readonly string[]>>
}

const common = { backend: z.enum(['nftables', 'ipvs', 'iptables']), why: z.string() }

const difference: z.ZodType<Difference> = z.union([
  z.strictObject({ ...common, lacks: z.array(z.string()) }),
  z.strictObject({
    ...common,
    outcome: z.enum(['refused', 'dropped', 'untouched']),
    unsent: z.string().optional(),
    packets: z.record(z.string(), z.array(z.string())),
  }),
])

const file = fileURLToPath(new URL('../../fixtures/differences.yaml', import.meta.url))

export const differences: readonly Difference[] = z
  .array(difference)
  .parse(parse(readFileSync(file, 'utf8')))

/** Why the backend does not have what the fixture tells; undefined where it has. */
export function lacking(fixture: string, name: BackendKind): string | undefined {
  return differences.find(
    (each) => each.backend === name && 'lacks' in each && each.lacks.includes(fixture),
  )?.why
}

/** A line of the fixture's packets.yaml as this backend has it. */
export function expectedOf(fixture: string, name: BackendKind, usual: Expectation): Expectation {
  const found = differenceOf(fixture, name, usual)
  if (found === undefined) return usual
  const { from, to, protocol } = usual
  return { from, to, protocol, outcome: found.outcome }
}

/** Whether the lab can show what becomes of it. */
export function isSent(fixture: string, name: BackendKind, usual: Expectation): boolean {
  return differenceOf(fixture, name, usual)?.unsent === undefined
}

function differenceOf(
  fixture: string,
  name: BackendKind,
  usual: Expectation,
): Departure | undefined {
  return differences
    .filter((each) => 'packets' in each)
    .find((each) => each.backend === name && each.packets[fixture]?.includes(lineOf(usual)))
}

/** How a difference names a line of a packets.yaml. */
export function lineOf({ from, to, protocol }: Expectation): string {
  return `${from} -> ${to}/${protocol}`
}
