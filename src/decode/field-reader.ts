import type * as z from 'zod'
import { list, readField } from './fields.ts'
import type { Report } from './problem.ts'

/** Reads fields of one object each on its own, and remembers whether one could not be read. */
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

  /** What the field says; `otherwise`, after a problem was reported, if it cannot be read. */
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

  /** The entries of a list, none where there is no such field; undefined if it is no list. */
  list(value: unknown, path: string): readonly unknown[] | undefined {
    const found = this.read(value, list.nullish(), path, false as const)
    return found === false ? undefined : (found ?? [])
  }
}
