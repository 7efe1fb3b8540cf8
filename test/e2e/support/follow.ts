import { onTestFinished } from 'vitest'
import { ApiClient } from '../../../src/watch/api/client.ts'
import type { ApiLocation } from '../../../src/watch/api/credentials.ts'
import { reflect } from '../../../src/watch/reflector.ts'
import type { Pace } from '../../../src/watch/reflector-pace.ts'
import type { Resource } from '../../../src/watch/resources.ts'
import type { SourceEvent, SourceState } from '../../../src/watch/source.ts'
import { Recorder } from '../../support/recorder.ts'

/** A reflector at work, and all it said. */
export interface Followed {
  readonly events: Recorder<SourceEvent>
  readonly states: Recorder<SourceState>
  /** Of each list. */
  readonly garbage: Recorder<string | undefined>
}

/** Reflects a resource until the test is over. */
export function follow(location: ApiLocation, resource: Resource, pace?: Pace): Followed {
  const client = new ApiClient(location, 'nodelb-test')
  const abort = new AbortController()
  const events = new Recorder<SourceEvent>()
  const states = new Recorder<SourceState>()
  const garbage = new Recorder<string | undefined>()
  const end = reflect({
    client,
    resource,
    node: 'node-a',
    sink: events.add,
    onState: states.add,
    onGarbage: garbage.add,
    signal: abort.signal,
    ...(pace && { pace }),
  })
  onTestFinished(async () => {
    abort.abort()
    await end
    client.close()
  })
  return { events, states, garbage }
}

export const isListed = ({ kind }: SourceEvent): boolean => kind === 'listed'
export const isFollowing = ({ kind }: SourceState): boolean => kind === 'following'
export const isLost = ({ kind }: SourceState): boolean => kind === 'lost'

/** An event about the object of that name. */
export function isAbout(kind: 'object' | 'deleted', name: string): (event: SourceEvent) => boolean {
  return (event) => {
    if (event.kind !== kind) return false
    return event.kind === 'deleted' ? event.name === name : nameOf(event.object) === name
  }
}

/** The keys of everything that a list had, in order. */
export function namesIn(event: SourceEvent): readonly string[] {
  return event.kind === 'listed' ? [...event.names].sort() : []
}

function nameOf(object: unknown): string {
  return (object as { metadata: { name: string } }).metadata.name
}
