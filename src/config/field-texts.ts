import { unreachable } from '../model/unreachable.ts'
import { defaultConfig } from './config.ts'
import type { Field } from './field.ts'
import { writeDuration, writeValue } from './write-value.ts'

/** Returns which values a field takes, in the words of docs/configuration.md. */
export function valuesText({ value }: Field): string {
  switch (value.kind) {
    case 'choice':
      return value.of.map((word) => `\`${word}\``).join(', ')
    case 'flag':
      return '`true`, `false`'
    case 'count':
      return `${value.least} to ${value.most}`
    case 'duration': {
      const most = `\`${writeDuration(value.most)}\``
      const from = value.least === 0 ? 'up' : `from \`${writeDuration(value.least)}\``
      return value.words ?? `a duration ${from} to ${most}`
    }
    case 'text':
    case 'list':
      return value.words
    default:
      return unreachable(value)
  }
}

/** Returns the default of a field, in the words of docs/configuration.md. */
export function defaultText({ otherwise, of }: Field): string {
  return otherwise ?? writeValue(of(defaultConfig), 'none')
}
