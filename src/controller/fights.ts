import type { Address } from '../model/address.ts'
import { sameMembers } from '../model/same-members.ts'
import type { ServiceName } from '../model/service-name.ts'

/** How often a status that we wrote may be replaced within `WINDOW_MS` before we give way. */
const MOST = 3
const WINDOW_MS = 10 * 60_000
/** How long we leave a contested status alone before we write it again. */
const TRUCE_MS = 60 * 60_000

interface Record {
  /** What we wrote last; undefined once it was replaced. */
  written: readonly Address[] | undefined
  /** When statuses of ours were replaced, in milliseconds. */
  readonly replaced: number[]
  truceUntil: number
}

/**
 * Notices that another program writes the statuses that we write, and ends the fight: after three
 * replacements within ten minutes the status is left to the other program for an hour. Times are
 * milliseconds by a monotonic clock.
 */
export class Fights {
  readonly #records: Map<ServiceName, Record> = new Map()

  /** Notes what we wrote into a status. */
  wrote(service: ServiceName, addresses: readonly Address[]): void {
    this.#of(service).written = addresses
  }

  /**
   * Takes a status that is not older than what we wrote last; returns true if with it a fight has been
   * noticed.
   */
  saw(service: ServiceName, addresses: readonly Address[], now: number): boolean {
    const record = this.#records.get(service)
    if (record?.written === undefined) return false
    if (sameMembers(record.written, addresses)) return false
    record.written = undefined
    record.replaced.push(now)
    while ((record.replaced[0] ?? now) < now - WINDOW_MS) record.replaced.shift()
    if (record.replaced.length < MOST) return false
    record.replaced.length = 0
    record.truceUntil = now + TRUCE_MS
    return true
  }

  /** Returns whether the status is left to another program for now. */
  isContested(service: ServiceName, now: number): boolean {
    return now < (this.#records.get(service)?.truceUntil ?? 0)
  }

  /** Forgets a Service that is gone. */
  forget(service: ServiceName): void {
    this.#records.delete(service)
  }

  #of(service: ServiceName): Record {
    const found = this.#records.get(service)
    if (found !== undefined) return found
    const record: Record = { written: undefined, replaced: [], truceUntil: 0 }
    this.#records.set(service, record)
    return record
  }
}
