import type * as z from 'zod'
import { list, readField } from './fields.ts'
import type { Report } from './problem.ts'

/** Made once: making a schema takes longer than reading a field by it. */
const listSchema = list.nullish()

/** Reads the fields of one object one by one, and remembers whether any could not be read. */
export class FieldReader {
  readonly report: Report
  #unread = false

  constructor(report: Report) {
    this.report = report
  }

  get unread(): boolean {
    return this.#unread
  }

  noteUnread(): void {
    this.#unread = true
  }

  /** Returns the value of a field, or reports a problem and returns `otherwise`. */
  read<Value, Other>(
    value: unknown,
    schema: z.ZodType<Value>,
    path: string,
    otherwise: Other,
  ): Value | Other {
    const read = readField(schema, value, path, this.report)
    if (read !== undefined) return read.value
    this.noteUnread()
    return otherwise
  }

  /**
   * Returns the entries of a list, none if the field is absent; reports a problem and returns
   * undefined if the field is not a list.
   */
  list(value: unknown, path: string): readonly unknown[] | undefined {
    const found = this.read(value, listSchema, path, false as const)
    return found === false ? undefined : (found ?? [])
  }
}
