import type { LabelSelector } from '../model/label-selector.ts'
import { type Report, said } from './problem.ts'

type Requirement = LabelSelector['requirements'][number]

const WORD = '[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?'
const KEY = `(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?${WORD}`
const VALUE = `(?:${WORD})?`
/** Spaces belong to the word or the comma before them: read in two ways each, they would take exponential time. */
const VALUES = `(?:${WORD}\\s*)?(?:,\\s*(?:${WORD}\\s*)?)*`

/** One requirement with the comma, or the end, behind it. */
const REQUIREMENT = new RegExp(
  `\\s*(?:!\\s*(?<none>${KEY})|(?<key>${KEY})(?:\\s*(?<sign>==?|!=)\\s*(?<value>${VALUE})|\\s+(?<word>in|notin)\\s*\\(\\s*(?<values>${VALUES})\\))?)\\s*(?<end>,|$)`,
  'y',
)

const EXPECTED = 'a selector of labels such as "team=shop,tier in (web,api),!internal"'

/**
 * Returns a selector of labels that is written as a text, as `kubectl -l` takes it (k8s.io/apimachinery,
 * pkg/labels/selector.go, but for `>` and `<`); an empty text selects everything. Reports a problem and returns
 * undefined if it is none.
 */
export function readSelectorText(
  text: string,
  path: string,
  report: Report,
): LabelSelector | undefined {
  const requirements: Requirement[] = []
  let at = 0
  let isEnded = text.trim() === ''
  while (!isEnded) {
    REQUIREMENT.lastIndex = at
    const { groups } = REQUIREMENT.exec(text) ?? {}
    if (groups === undefined) {
      report.error(
        path,
        at === 0 ? text : said(`"${text.slice(at).trim()}" in "${text}"`),
        EXPECTED,
      )
      return undefined
    }
    requirements.push(requirementOf(groups))
    at = REQUIREMENT.lastIndex
    isEnded = groups['end'] === ''
  }
  return { requirements }
}

type Groups = Readonly<Record<string, string | undefined>>

function requirementOf({
  none,
  key = '',
  sign,
  value = '',
  word,
  values = '',
}: Groups): Requirement {
  if (none !== undefined) return { key: none, operator: 'does-not-exist' }
  if (sign !== undefined) return { key, operator: sign === '!=' ? 'not-in' : 'in', values: [value] }
  if (word === undefined) return { key, operator: 'exists' }
  const list = values.split(',').map((each) => each.trim())
  return { key, operator: word === 'in' ? 'in' : 'not-in', values: list }
}
