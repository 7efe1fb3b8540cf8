// What YAML 1.1 takes for no text; Go writes such a text in quotes.
const WORD = /^(?:~|null|y|yes|n|no|on|off|true|false|[-+]?\.(?:inf|nan)|=|<<|)$/i
const NUMBER =
  /^[-+]?(?:0x[\da-f_]+|0b[01_]+|0o[0-7_]+|\.[\d_]+(?:e[-+]?\d+)?|\d[\d_]*(?:\.[\d_]*)?(?:e[-+]?\d+)?)$/i
const TIME = /^(?:\d{4}-\d\d?-\d\d?(?:[t ].*)?|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?)$/i

/** What Go writes with a backslash: what cannot be printed, and what is above U+FFFF. */
const SPECIAL = /[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\x85\u2028\u2029]/

/** Prints a value as kubectl and `sigs.k8s.io/yaml` do, without folding long lines. */
export function goYaml(value: unknown): string {
  return `${block(value, '').replace(/^[\n ]/, '')}\n`
}

/** Returns what follows a key or a dash; `indent` is that of the lines below it. */
function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []'
    return value.map((each) => `\n${indent}-${inItem(each, indent)}`).join('')
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).sort()
    if (keys.length === 0) return ' {}'
    return keys.map((key) => `\n${indent}${keyText(key)}:${inMap(value, key, indent)}`).join('')
  }
  return ` ${typeof value === 'string' ? textOf(value, indent) : scalarText(value)}`
}

/** A sequence is not indented below its key. */
function inMap(map: object, key: string, indent: string): string {
  const value: unknown = Reflect.get(map, key)
  return block(value, Array.isArray(value) ? indent : `${indent}  `)
}

function inItem(value: unknown, indent: string): string {
  return block(value, `${indent}  `).replace(/^\n */, ' ')
}

function scalarText(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'number' || Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? '.nan' : value < 0 ? '-.inf' : '.inf'
}

function keyText(key: string): string {
  return key.includes('\n') ? inDoubleQuotes(key) : textOf(key, '')
}

function textOf(text: string, indent: string): string {
  if (SPECIAL.test(text)) return inDoubleQuotes(text)
  if (text.includes('\n')) return literal(text, indent)
  if ([WORD, NUMBER, TIME, /\t/].some((each) => each.test(text))) return inDoubleQuotes(text)
  const isPlain = !/^[-?:](?: |$)|^[,[\]{}#&*!|>'"%@` ]|^---|^\.\.\.|: |:$| #| $/.test(text)
  return isPlain ? text : `'${text.replaceAll("'", "''")}'`
}

function literal(text: string, indent: string): string {
  if (/^[\n\t ]|[\t ](?:\n|$)/.test(text)) return inDoubleQuotes(text)
  const chomping = text.endsWith('\n\n') ? '+' : text.endsWith('\n') ? '' : '-'
  const lines = text.replace(/\n$/, '').split('\n')
  return `|${chomping}\n${lines.map((line) => (line === '' ? '' : indent + line)).join('\n')}`
}

function inDoubleQuotes(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/gu, (character) => {
    const named = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\0': '\\0' }[character]
    const code = character.codePointAt(0)?.toString(16).toUpperCase() ?? ''
    if (named !== undefined) return named
    if (code.length > 4) return `\\U${code.padStart(8, '0')}`
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })
  return `"${escaped}"`
}
