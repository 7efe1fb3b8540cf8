import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { beatKey } from '../announce/beat-codec.ts'
import { eachChange } from '../watch/files/file-watchers.ts'
import { hmacSha256 } from './hmac.ts'

type Key = ReturnType<typeof beatKey>

/** The keys that count now: one signs, and all are believed. */
export interface CurrentKeys {
  readonly signs: Key
  readonly believed: readonly Key[]
}

/**
 * Kubelets bring a changed Secret to all nodes within about two minutes. For so many milliseconds the
 * former key still signs, and for twice as long it is believed.
 */
const HANDOVER_MS = 300_000
/** A key has at least so many bytes (NIST SP 800-107, 5.3.2: half of what the hash gives). */
const LEAST_BYTES = 16

/** The key with which members sign their beats, as a file has it, and the one before it. */
export class MemberKeys {
  readonly #file: string
  readonly #trouble: (reason: string | undefined) => void
  #text = ''
  #key: Key | undefined
  #former: Key | undefined
  #changedAt = 0
  #reason: string | undefined

  constructor(file: string, trouble: (reason: string | undefined) => void) {
    this.#file = file
    this.#trouble = trouble
  }

  /** Follows the file until `signal` aborts. A file that cannot be used changes nothing. */
  run(signal: AbortSignal): Promise<void> {
    return eachChange(
      () => new Set([dirname(this.#file)]),
      () => this.#read(),
      signal,
    )
  }

  /** Returns the keys at a time of the monotonic clock; undefined as long as there is none. */
  current(now: number): CurrentKeys | undefined {
    if (this.#key === undefined) return undefined
    const age = now - this.#changedAt
    if (this.#former === undefined || age >= 2 * HANDOVER_MS) {
      return { signs: this.#key, believed: [this.#key] }
    }
    const signs = age < HANDOVER_MS ? this.#former : this.#key
    return { signs, believed: [this.#key, this.#former] }
  }

  #read(): void {
    const read = textOf(this.#file)
    const reason = read.kind === 'key' ? undefined : read.reason
    if (reason !== this.#reason) this.#trouble(reason)
    this.#reason = reason
    if (read.kind !== 'key' || read.text === this.#text) return
    this.#former = this.#key
    this.#key = beatKey(Buffer.from(read.text), hmacSha256)
    this.#text = read.text
    this.#changedAt = performance.now()
  }
}

type ReadKey =
  | { readonly kind: 'key'; readonly text: string }
  | { readonly kind: 'bad'; readonly reason: string }

/** A line break at the end is no part of the key: editors add one on some nodes. */
function textOf(file: string): ReadKey {
  try {
    const text = readFileSync(file, 'latin1').trimEnd()
    if (text.length >= LEAST_BYTES) return { kind: 'key', text }
    const found = `the key has ${text.length} bytes`
    return { kind: 'bad', reason: `${file}: ${found}, expected at least ${LEAST_BYTES}` }
  } catch (error) {
    return { kind: 'bad', reason: error instanceof Error ? error.message : String(error) }
  }
}
