import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../support/configuration.ts'
import type { ObjectChange } from './churn.ts'
import type { Manifest } from './manifests.ts'
import type { End, Objects } from './objects.ts'
import type { Span } from './schedule.ts'

/** A folder with a file for each object. */
export class FolderObjects implements Objects {
  readonly args: readonly string[]
  readonly #folder: string

  constructor(scratch: string) {
    this.#folder = join(scratch, 'objects')
    this.args = ['-f', this.#folder]
    mkdirSync(this.#folder)
  }

  async change({ kind, object }: ObjectChange): Promise<void> {
    if (kind === 'put') replaceFile(this.#file(object), text(object))
    else rmSync(this.#file(object))
  }

  /** The file is written in place, as an editor may, and only half of it. */
  async begin(span: Span): Promise<End> {
    if (span.kind !== 'object-torn') throw new Error(`a folder has no ${span.kind}`)
    const { object } = span
    const whole = text(object)
    writeFileSync(this.#file(object), whole.slice(0, whole.length / 2))
    return async () => writeFileSync(this.#file(object), whole)
  }

  async files(): Promise<string> {
    return this.#folder
  }

  async cut(): Promise<void> {
    throw new Error('a folder has no connections')
  }

  async close(): Promise<void> {
    // The scratch folder goes as a whole.
  }

  #file({ kind, metadata }: Manifest): string {
    return join(this.#folder, `${kind}-${metadata.name}.json`)
  }
}

/** A folder has no server that would name the namespace. */
function text(object: Manifest): string {
  const namespace = object.kind === 'Node' ? {} : { namespace: 'default' }
  return JSON.stringify({ ...object, metadata: { ...object.metadata, ...namespace } })
}
