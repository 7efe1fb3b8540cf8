import { visible } from '../decode/problem.ts'

/** Markup that is safe as it is. Only `html` makes it, so no text of an object can pass for it. */
class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type { Markup }

type Value = string | number | bigint | undefined | Markup | readonly Value[]

/**
 * Makes markup of a template. Every value in it becomes text, whatever it contains, both between tags
 * and in attributes, which have to stand in double quotes; undefined becomes nothing.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const texts = parts.map((part, at) => `${part}${escaped(values[at])}`)
  return new Markup(texts.join(''))
}

function escaped(value: Value): string {
  if (value === undefined) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(escaped).join('')
  return String(value).split('\n').map(asText).join('\n')
}

/** Characters that would turn the direction of a line are written out, as on a terminal. */
function asText(line: string): string {
  return visible(line)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
