import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Feed, Replacement } from './agent-feed.ts'
import { addNamespace, removeNamespace, timeInside } from './agent-namespace.ts'
import { type Manifest, makeManifests, nodeManifest, replacedSlice } from './agent-objects.ts'
import type { Size } from './cluster.ts'

const PER_FILE = 100

/** Reads and parses what the agent reads. */
const READ_ALL = `
const { readdirSync, readFileSync } = require('node:fs')
for (const name of readdirSync(process.argv[1])) JSON.parse(readFileSync(process.argv[1] + '/' + name))
`

/** A folder of files with 100 Services each, and their slices. */
export class FileFeed implements Feed {
  readonly name = 'files'
  readonly namespace = 'nodelb-bench-files'
  readonly args: readonly string[]
  readonly #size: Size
  readonly #scratch: string
  readonly #folder: string
  readonly #services: readonly Manifest[]
  readonly #slices: Manifest[]
  /** When a file was last written, by number. */
  readonly #written: Map<number, number> = new Map()

  static async open(size: Size): Promise<FileFeed> {
    await addNamespace('nodelb-bench-files')
    return new FileFeed(size)
  }

  private constructor(size: Size) {
    this.#size = size
    const { services, slices } = makeManifests(size)
    this.#services = services
    this.#slices = [...slices]
    this.#scratch = mkdtempSync(join(tmpdir(), 'nodelb-bench-'))
    this.#folder = join(this.#scratch, 'objects')
    mkdirSync(this.#folder)
    this.args = ['-f', this.#folder]
    writeFileSync(join(this.#folder, 'node.json'), JSON.stringify(nodeManifest))
    for (let file = 0; file * PER_FILE < services.length; file++) this.#write(file)
  }

  bareRead(): Promise<number> {
    return timeInside(this.namespace, [process.execPath, '-e', READ_ALL, this.#folder])
  }

  async change(replacements: readonly Replacement[]): Promise<void> {
    const files = new Set<number>()
    for (const { service, fresh } of replacements) {
      this.#slices[service] = replacedSlice(this.#size, service, fresh)
      files.add(Math.floor(service / PER_FILE))
    }
    for (const file of files) this.#write(file)
  }

  /** inotify tells at once. */
  async heard(service: number): Promise<number> {
    return this.#written.get(Math.floor(service / PER_FILE)) ?? Number.NaN
  }

  async close(): Promise<void> {
    rmSync(this.#scratch, { recursive: true })
    await removeNamespace(this.namespace)
  }

  /** The file is never seen half written. */
  #write(file: number): void {
    const from = file * PER_FILE
    const of = (objects: readonly Manifest[]) => objects.slice(from, from + PER_FILE)
    const items = [...of(this.#services), ...of(this.#slices)]
    const fresh = join(this.#scratch, 'fresh')
    writeFileSync(fresh, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    renameSync(fresh, join(this.#folder, `shop-${file}.json`))
    this.#written.set(file, Date.now())
  }
}
