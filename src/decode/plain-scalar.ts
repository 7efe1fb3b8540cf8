/** What a scalar without quotes may stand for (YAML 1.2.2, 10.3.2). */
type Scalar = string | number | boolean | null

/** Reads `0170` as 120, as kubectl does, which follows YAML 1.1; in YAML 1.2 it would be 170. */
export const OCTAL_OF_YAML_1_1: RegExp = /^[-+]?0[0-7]+$/

const NULL = /^(?:~|[Nn]ull|NULL)$/
const BOOLEAN = /^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/
const INTEGER = /^[-+]?[0-9]+$/
const OCTAL = /^0o[0-7]+$/
const HEXADECIMAL = /^0x[0-9a-fA-F]+$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/
const NOT_A_NUMBER = /^(?:\.nan|\.NaN|\.NAN)$/

/** What begins a scalar that may be no text: null, true, false or a number. */
const NO_TEXT_BEGINS = new Set('~nNtTfF+-.0123456789')

/** Returns what a scalar without quotes stands for in the core schema of YAML 1.2. */
export function plainScalar(text: string): Scalar {
  if (!NO_TEXT_BEGINS.has(text.charAt(0))) return text
  if (NULL.test(text)) return null
  if (BOOLEAN.test(text)) return text.length === 4
  return numberOf(text) ?? text
}

function numberOf(text: string): number | undefined {
  if (OCTAL_OF_YAML_1_1.test(text)) return Number.parseInt(text, 8)
  if (INTEGER.test(text)) return Number.parseInt(text, 10)
  if (FLOAT.test(text)) return Number.parseFloat(text)
  if (HEXADECIMAL.test(text)) return Number.parseInt(text.slice(2), 16)
  if (OCTAL.test(text)) return Number.parseInt(text.slice(2), 8)
  if (INFINITE.test(text)) {
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  return NOT_A_NUMBER.test(text) ? Number.NaN : undefined
}
