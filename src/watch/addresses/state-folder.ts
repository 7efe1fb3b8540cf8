import { readFileSync } from 'node:fs'
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type RetryPolicy, Waits } from '../../model/retry.ts'
import type { TellAddresses } from './address-news.ts'
import type { GivenAddresses } from './given.ts'
import { givenText, readGiven } from './given-text.ts'
import { lockFile } from './lock.ts'

/** Remembers which Service was given which addresses. */
export interface AddressMemory {
  /** Returns what has been given, as it was last saved or handed over to be saved. */
  given(): GivenAddresses
  /**
   * Saves what has been given. Resolves when it is saved, or cannot be within a second; that
   * is reported, and tried again. Never rejects.
   */
  save(given: GivenAddresses): Promise<void>
}

/** The name has no ending by which a folder of manifests would take it for one. */
const FILE = 'addresses.state'
/** The longest that addresses wait to be saved, in milliseconds. */
const SAVE_MS = 1_000
const AGAIN: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0 }
const TAKEN = 'another process keeps its addresses there'

/**
 * Keeps the addresses in a file of this folder. The file holds either all of the former content or
 * all of the new one. One that cannot be read is copied before it is replaced.
 */
export class StateFolder implements AddressMemory {
  readonly #folder: string
  readonly #tell: TellAddresses
  readonly #waits: Waits
  #given: GivenAddresses | undefined
  #saved: GivenAddresses | undefined
  /** Whether the file has something that could not be read and has not been copied. */
  #isOdd = false
  #writing: Promise<void> = Promise.resolve()
  #retry: NodeJS.Timeout | undefined
  #release: (() => void) | undefined

  constructor(folder: string, tell: TellAddresses, waits: Waits = new Waits(AGAIN)) {
    this.#folder = folder
    this.#tell = tell
    this.#waits = waits
  }

  given(): GivenAddresses {
    this.#given ??= this.#read()
    return this.#given
  }

  save(given: GivenAddresses): Promise<void> {
    this.#given = given
    const writing = this.#writing.then(() => this.#attempt())
    this.#writing = writing
    return this.#patience(writing)
  }

  /** Waits for a write, and no longer than a disk that hangs may hold up what is served. */
  async #patience(writing: Promise<void>): Promise<void> {
    const late = pause(SAVE_MS, 'late' as const, { ref: false })
    if ((await Promise.race([writing, late])) !== 'late' || this.#given === this.#saved) return
    const reason = `the disk has not answered within ${SAVE_MS} ms`
    this.#tell({ event: 'addresses-not-saved', folder: this.#folder, reason })
  }

  /** Ends the retries, and leaves the folder to other processes. */
  close(): void {
    clearTimeout(this.#retry)
    this.#release?.()
    this.#release = undefined
  }

  #read(): GivenAddresses {
    const { given, trouble } = readStateFolder(this.#folder) ?? NOTHING
    if (trouble !== undefined) {
      this.#isOdd = true
      this.#tell({ event: 'addresses-not-read', file: this.#file, reason: trouble })
    }
    this.#saved = given
    return given
  }

  async #attempt(): Promise<void> {
    clearTimeout(this.#retry)
    const given = this.given()
    if (given === this.#saved) return
    const folder = this.#folder
    try {
      await this.#write(given)
      this.#saved = given
      this.#waits.reset()
      this.#tell({ event: 'addresses-saved', folder })
    } catch (error) {
      this.#tell({ event: 'addresses-not-saved', folder, reason: reasonOf(error) })
      this.#retry = setTimeout(() => this.save(this.given()), this.#waits.next()).unref()
    }
  }

  async #write(given: GivenAddresses): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    if (this.#release === undefined) {
      const lock = lockFile(join(this.#folder, 'lock'))
      if (lock.kind === 'taken') throw new Error(TAKEN)
      this.#release = lock.release
    }
    if (this.#isOdd) await copyIfThere(this.#file, `${this.#file}.unread`)
    this.#isOdd = false
    await writeDurably(this.#file, givenText(given))
    await syncFolder(this.#folder)
  }

  get #file(): string {
    return join(this.#folder, FILE)
  }
}

const NOTHING = { given: new Map(), trouble: undefined }

/**
 * Reads what is kept in a folder; undefined if nothing was ever saved there. `trouble` says what
 * could not be read.
 */
export function readStateFolder(folder: string): ReturnType<typeof readGiven> | undefined {
  try {
    return readGiven(readFileSync(join(folder, FILE), 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : { given: new Map(), trouble: reasonOf(error) }
  }
}

async function copyIfThere(file: string, copy: string): Promise<void> {
  try {
    await copyFile(file, copy)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const draft = `${file}.new`
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    // Half a draft would take room on a disk that is full.
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}

/** Makes the new name of a file durable, too (fsync(2)). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'there is no permission',
  EPERM: 'there is no permission',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'it is no folder',
  EISDIR: 'it is a folder',
}

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  return REASONS[code] ?? message
}
