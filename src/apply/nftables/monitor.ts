import { TABLE_NAME } from '../../ruleset/nftables/types.ts'
import { eachAttribute, messageAttributes, readText, readU32 } from '../netlink/attributes.ts'
import { NFNL_SUBSYS_NFTABLES, NFNLGRP_NFTABLES, NFT_MSG_NEWGEN } from '../netlink/constants.ts'
import { parseGeneration, type Reply } from '../netlink/message.ts'
import { NetlinkSocket } from '../netlink/socket.ts'
import type { CommitOutcome } from './commit.ts'
import { familyName } from './constants.ts'
import { ownPort, portOf } from './port.ts'

/** A commit made through another socket. */
export interface ForeignCommit {
  readonly generation: number
  /** Whether the commit changed nodelb's tables; `maybe` where announcements were lost. */
  readonly touchesUs: 'yes' | 'no' | 'maybe'
  /**
   * The process that committed, as numbered in the initial process namespace; missing where the
   * announcement was lost.
   */
  readonly pid?: number
  readonly process?: string
}

const NEWGEN = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN
/** NFTA_GEN_PROC_PID and NFTA_GEN_PROC_NAME. */
const GENERATION = { pid: 2, name: 3 } as const
/**
 * The attribute that names the table is the first of every kind of object: NFTA_TABLE_NAME,
 * NFTA_CHAIN_TABLE and so on.
 */
const TABLE_ATTRIBUTE = 1
/**
 * Bytes. Announcements beyond them are lost, which is noticed; more would be memory for other
 * programs' floods.
 */
const RECEIVE_BUFFER = 2 << 20
/** Milliseconds after the first announcement of a burst until the monitor looks for losses. */
const SETTLING = 100
/** Milliseconds to wait for the announcement of a commit that has happened. */
const PATIENCE = 1_000

/**
 * Follows every commit in the network namespace. The kernel announces the objects of a commit one
 * by one, then its generation. What does not fit the receive buffer is lost silently, and shows as
 * a gap in the generations or in the socket's count of drops.
 */
export class Monitor {
  #socket: NetlinkSocket
  readonly #port: number
  readonly #listeners: Set<(commit: ForeignCommit) => void> = new Set()
  readonly #waiting: Set<() => void> = new Set()
  /** The latest announced generation; undefined after a loss, until the next announcement. */
  #heard: number | undefined
  /** No commit after this generation, up to `#heard`, touched nodelb's tables. */
  #cleanSince = 0
  #touched = false
  #drops = 0
  #settling: NodeJS.Timeout | undefined
  #closed = false

  /**
   * Opens a monitor that does not report the commits of the socket `committer`. Rejects with
   * NetlinkError.
   */
  static async open(committer: NetlinkSocket): Promise<Monitor> {
    const monitor = new Monitor(await ownPort(committer))
    const generation = await committer.generation()
    monitor.#heard = generation
    monitor.#cleanSince = generation
    return monitor
  }

  private constructor(port: number) {
    this.#port = port
    this.#socket = this.#listen()
  }

  /** Calls the listener for every commit of others; returns a function that stops it. */
  onForeign(listener: (commit: ForeignCommit) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Returns the latest generation in which nodelb's tables are known to be the same as in
   * `generation`.
   */
  latestLike(generation: number): number {
    const heard = this.#heard
    if (heard === undefined || later(this.#cleanSince, generation)) return generation
    return later(heard, generation) ? heard : generation
  }

  /**
   * Returns whether it is certain that no commit after `from`, up to `to`, touched nodelb's tables;
   * waits up to a second for the announcement.
   */
  async untouched(from: number, to: number): Promise<boolean> {
    await this.#hasHeard(to)
    return !later(to, this.latestLike(from))
  }

  /**
   * Runs a large commit of nodelb while the monitor's socket is closed. While any socket of the
   * machine listens, in any network namespace, the kernel writes an announcement of 4 KB for every
   * element, which takes twice as long as the commit. The generation shows whether others committed
   * meanwhile.
   */
  async deaf(commit: () => Promise<CommitOutcome>): Promise<CommitOutcome> {
    const before = await this.#socket.generation()
    this.#socket.close()
    // The socket closes in an immediate of its own.
    await new Promise((resolve) => setImmediate(resolve))
    const outcome = await commit()
    if (this.#closed) return outcome
    this.#socket = this.#listen()
    const generation = await this.#socket.generation()
    const expected = outcome.kind === 'committed' ? next(before) : before
    this.#heard = generation
    if (generation !== expected) {
      this.#cleanSince = generation
      this.#tell({ generation, touchesUs: 'maybe' })
    }
    this.#wake()
    return outcome
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#settling)
    this.#listeners.clear()
    this.#wake()
    this.#socket.close()
  }

  #listen(): NetlinkSocket {
    const socket = NetlinkSocket.open({
      groups: [NFNLGRP_NFTABLES],
      // For nodelb's own commits the generation is enough. npm netlink takes 32 KB for each
      // datagram, which V8 does not know of and keeps until its next full collection.
      filter: { port: this.#port, except: NEWGEN },
      receiveBuffer: RECEIVE_BUFFER,
    })
    socket.onMessage((announcement) => this.#hear(announcement))
    this.#drops = 0
    this.#touched = false
    return socket
  }

  #hear(announcement: Reply): void {
    this.#settling ??= setTimeout(() => this.#lookForLosses(), SETTLING).unref()
    if (announcement.type === NEWGEN) this.#endCommit(announcement)
    else if (!this.#touched) this.#touched = isAboutUs(announcement)
  }

  #endCommit(announcement: Reply): void {
    const generation = parseGeneration(announcement)
    const touched = this.#touched
    this.#touched = false
    if (generation === undefined) return
    const gap = this.#heard === undefined || later(generation, next(this.#heard))
    const own = portOf(announcement) === this.#port
    if (touched || gap) this.#cleanSince = generation
    if (this.#heard === undefined || later(generation, this.#heard)) this.#heard = generation
    this.#wake()
    if (own) {
      if (gap) this.#tell({ generation, touchesUs: 'maybe' })
      return
    }
    const found = messageAttributes(announcement.payload)
    this.#tell({
      generation,
      touchesUs: touched ? 'yes' : gap ? 'maybe' : 'no',
      pid: readU32(found.get(GENERATION.pid)),
      process: readText(found.get(GENERATION.name)),
    })
  }

  /** A loss may include whole commits with their generations. */
  #lookForLosses(): void {
    this.#settling = undefined
    const drops = this.#socket.drops()
    if (drops === this.#drops) return
    this.#drops = drops
    this.#heard = undefined
    this.#wake()
    this.#socket.generation().then(
      (generation) => this.#tell({ generation, touchesUs: 'maybe' }),
      () => undefined,
    )
  }

  #tell(commit: ForeignCommit): void {
    for (const listener of this.#listeners) listener(commit)
  }

  async #hasHeard(generation: number): Promise<void> {
    const reached = (): boolean => this.#heard === undefined || !later(generation, this.#heard)
    if (reached()) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve()
      }
      const check = (): void => {
        if (reached()) end()
      }
      const timer = setTimeout(end, PATIENCE)
      this.#waiting.add(check)
    })
  }

  #wake(): void {
    for (const check of this.#waiting) check()
  }
}

/** Returns whether an announced object is one of nodelb's tables or is in one. */
function isAboutUs({ payload }: Reply): boolean {
  if (familyName(payload[0]) === undefined) return false
  let ours = false
  eachAttribute(payload, 4, payload.length, (type, start, end) => {
    if (type === TABLE_ATTRIBUTE) ours = readText(payload.subarray(start, end)) === TABLE_NAME
  })
  return ours
}

/** Returns the generation after this one: the kernel counts commits in 32 bits and skips 0. */
export function next(generation: number): number {
  return generation === 0xffffffff ? 1 : generation + 1
}

/**
 * Returns whether generation `a` comes after `b`, even if the count wrapped around between them.
 */
export function later(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}
