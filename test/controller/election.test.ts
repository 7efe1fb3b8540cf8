import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Election } from '../../src/controller/election.ts'
import type { Lease } from '../../src/controller/lease.ts'
import type { LeaseAnswer, LeaseApi, LeaseSpec } from '../../src/controller/lease-api.ts'

/** The API server as replicas see it: each may be cut off, and each answer may take its time. */
class LeaseServer {
  #lease: Lease | undefined
  #writes = 0
  readonly cut: Set<string> = new Set()
  latency = 5

  get lease(): Lease | undefined {
    return this.#lease
  }

  of(replica: string): LeaseApi {
    return {
      read: (signal) =>
        this.#unless(
          signal,
          this.#answer(replica, () => this.#found()),
        ),
      create: (spec, signal) =>
        this.#unless(
          signal,
          this.#answer(replica, () => this.#store(undefined, spec)),
        ),
      write: (version, spec, signal) =>
        this.#unless(
          signal,
          this.#answer(replica, () => this.#store(version, spec)),
        ),
    }
  }

  /** Who does not wait for an answer does not know what has become of the request. */
  #unless(signal: AbortSignal, answer: Promise<LeaseAnswer>): Promise<LeaseAnswer> {
    const aborted = new Promise<LeaseAnswer>((resolve) => {
      signal.addEventListener('abort', () => resolve({ kind: 'failed', reason: 'aborted' }))
    })
    return Promise.race([answer, aborted])
  }

  async #answer(replica: string, serve: () => LeaseAnswer): Promise<LeaseAnswer> {
    await wait(this.latency)
    if (this.cut.has(replica)) return { kind: 'failed', reason: 'cut off' }
    const answer = serve()
    await wait(this.latency)
    // What was stored stays stored, even if its answer is lost.
    return this.cut.has(replica) ? { kind: 'failed', reason: 'cut off' } : answer
  }

  #found(): LeaseAnswer {
    return this.#lease === undefined ? { kind: 'absent' } : { kind: 'lease', lease: this.#lease }
  }

  #store(version: string | undefined, { holder, transitions }: LeaseSpec): LeaseAnswer {
    if (this.#lease?.version !== version) return { kind: 'conflict' }
    this.#writes += 1
    this.#lease = { version: String(this.#writes), holder, transitions }
    return { kind: 'lease', lease: this.#lease }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Resolves after so many milliseconds, or when the signal aborts. */
function waitOrAbort(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end)
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}

interface Replica {
  readonly election: Election
  readonly stop: AbortController
  readonly ended: Promise<void>
}

function begin(server: LeaseServer, identity: string): Replica {
  const stop = new AbortController()
  const election = new Election({
    api: server.of(identity),
    identity,
    told: () => undefined,
    pause: waitOrAbort,
  })
  return { election, stop, ended: election.run(stop.signal) }
}

function leaders(replicas: ReadonlyMap<string, Replica>): readonly string[] {
  return [...replicas].filter(([, { election }]) => election.leads()).map(([name]) => name)
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('one of two replicas leads, and goes on leading', async () => {
  const server = new LeaseServer()
  const replicas = new Map(['a', 'b'].map((name) => [name, begin(server, name)]))
  for (let second = 0; second < 60; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    expect(leaders(replicas)).toEqual(['a'])
  }
  expect(server.lease?.transitions).toBe(0)
})

test('a leader that stops gives the Lease back: the other one leads within two seconds', async () => {
  const server = new LeaseServer()
  const replicas = new Map(['a', 'b'].map((name) => [name, begin(server, name)]))
  await vi.advanceTimersByTimeAsync(10_000)
  replicas.get('a')?.stop.abort()
  await vi.advanceTimersByTimeAsync(2_100)
  expect(leaders(replicas)).toEqual(['b'])
  await replicas.get('a')?.ended
})

test('a leader gives the Lease back at whatever moment it stops, also while it renews', async () => {
  for (let moment = 10_000; moment < 13_000; moment += 50) {
    const server = new LeaseServer()
    server.latency = 200
    const replicas = new Map(['a', 'b'].map((name) => [name, begin(server, name)]))
    await vi.advanceTimersByTimeAsync(moment)
    replicas.get('a')?.stop.abort()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(leaders(replicas)).toEqual(['b'])
    for (const { stop } of replicas.values()) stop.abort()
    await vi.advanceTimersByTimeAsync(5_000)
  }
})

test('a leader that is cut off ceases after 10 s, and the other one leads within 20 s', async () => {
  const server = new LeaseServer()
  const replicas = new Map(['a', 'b'].map((name) => [name, begin(server, name)]))
  await vi.advanceTimersByTimeAsync(10_000)
  server.cut.add('a')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(leaders(replicas)).toEqual([])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(leaders(replicas)).toEqual(['b'])
})

test('two replicas never lead at once, whatever is cut off, slow, stopped or started', async () => {
  const names = ['a', 'b', 'c'] as const
  const step = fc.record({
    what: fc.constantFrom('cut', 'mend', 'stop', 'start', 'slow', 'fast'),
    who: fc.constantFrom(...names),
    forMs: fc.integer({ min: 1, max: 16_000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      const server = new LeaseServer()
      const replicas = new Map<string, Replica>()
      let born = 0
      const start = (who: string): void => {
        replicas.get(who)?.stop.abort()
        replicas.set(who, begin(server, `${who}-${born++}`))
      }
      for (const name of names) start(name)
      for (const { what, who, forMs } of steps) {
        const identities = Array.from({ length: born }, (_, at) => `${who}-${at}`)
        if (what === 'cut') for (const each of identities) server.cut.add(each)
        else if (what === 'mend') for (const each of identities) server.cut.delete(each)
        else if (what === 'stop') replicas.get(who)?.stop.abort()
        else if (what === 'start') start(who)
        else server.latency = what === 'slow' ? 1_500 : 5
        for (let ms = 0; ms < forMs; ms += 250) {
          await vi.advanceTimersByTimeAsync(250)
          expect(leaders(replicas).length).toBeLessThanOrEqual(1)
        }
      }
      server.cut.clear()
      server.latency = 5
      start('a')
      await vi.advanceTimersByTimeAsync(25_000)
      expect(leaders(replicas).length).toBe(1)
      for (const { stop } of replicas.values()) stop.abort()
      await vi.advanceTimersByTimeAsync(5_000)
    }),
    { numRuns: 60 },
  )
})
