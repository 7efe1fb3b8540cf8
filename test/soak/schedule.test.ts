import { describe, expect, test } from 'vitest'
import type { ObjectChange } from './churn.ts'
import type { Manifest } from './manifests.ts'
import {
  type Round,
  SOURCES,
  type SourceName,
  type Step,
  type Steps,
  schedule,
} from './schedule.ts'

const ROUNDS = 100

function rounds(seed: number, source: SourceName): readonly Round[] {
  const all = schedule(seed, source)
  return Array.from({ length: ROUNDS }, () => all.next().value)
}

function* flat(steps: Steps): Iterable<Step> {
  for (const step of steps) {
    yield step
    if (step.kind === 'during') yield* flat(step.steps)
  }
}

function* stepsOf(seed: number, source: SourceName): Iterable<Step> {
  for (const { steps } of rounds(seed, source)) yield* flat(steps)
}

/** All changes of objects, in order; those that are torn are whole in the end. */
function* changesOf(seed: number, source: SourceName): Iterable<ObjectChange> {
  for (const step of stepsOf(seed, source)) {
    if (step.kind === 'objects') yield* step.changes
    if (step.kind === 'during' && step.span.kind === 'object-torn') {
      yield { kind: 'put', object: step.span.object }
    }
  }
}

const key = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`

describe.each(SOURCES)('a schedule for %s', (source) => {
  test('follows from its seed', () => {
    const text = (seed: number): string => JSON.stringify(rounds(seed, source))
    expect(text(7)).toBe(text(7))
    expect(text(7)).not.toBe(text(8))
  })

  test('deletes what is there, and no node port belongs to two Services', () => {
    const there = new Map<string, Manifest>()
    for (const { kind, object } of changesOf(1, source)) {
      if (kind === 'delete') expect(there.delete(key(object))).toBe(true)
      else there.set(key(object), object)
      expect(new Set(nodePorts(there)).size).toBe(nodePorts(there).length)
    }
  })

  test('has each kind of step and span that its source knows', () => {
    const found = new Set<string>()
    for (const step of stepsOf(1, source))
      found.add(step.kind === 'during' ? step.span.kind : step.kind)
    const both = [
      ...['objects', 'configure', 'flip', 'foreign-commits', 'damage', 'kill', 'restart'],
      ...['agent-stopped', 'agent-killed', 'configuration-invalid'],
    ]
    const own = {
      api: ['api-server-stopped', 'credentials-torn', 'connections-cut'],
      folder: ['object-torn'],
    }
    expect([...found].sort()).toEqual([...both, ...own[source]].sort())
  })
})

function nodePorts(objects: ReadonlyMap<string, Manifest>): readonly number[] {
  return [...objects.values()].flatMap(({ spec }) => {
    const { ports = [] } = (spec ?? {}) as { ports?: readonly { readonly nodePort?: number }[] }
    return ports.flatMap(({ nodePort }) => nodePort ?? [])
  })
}
