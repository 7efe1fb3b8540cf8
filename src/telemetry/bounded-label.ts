/** Returns a function from texts to label values, at most `limit` different ones and `other`. */
export function boundedLabel(limit: number): (text: string) => string {
  const known = new Set<string>()
  return (text) => {
    const value = text.slice(0, 64)
    if (known.has(value)) return value
    if (known.size >= limit) return 'other'
    known.add(value)
    return value
  }
}

/** The reason why a watch was lost, as a label value. */
type LossCause =
  | 'expired'
  | 'forbidden'
  | 'server-error'
  | 'throttled'
  | 'silent'
  | 'unreachable'
  | 'garbage'
  | 'closed'
  | 'other'

const CAUSES: readonly (readonly [RegExp, LossCause])[] = [
  [/: 410: |\bgone\b|expired|too old/i, 'expired'],
  [/: 40[13]: /, 'forbidden'],
  [/: 429: /, 'throttled'],
  [/: 5\d\d: /, 'server-error'],
  [/silent|timed? ?out|no answer|said nothing/i, 'silent'],
  [/no list|compressed|JSON|garbage/, 'garbage'],
  [/\b(E[A-Z]{3,}|EAI_[A-Z]+)\b|certificate|socket|TLS|SSL/, 'unreachable'],
  [/ended|closed|aborted/i, 'closed'],
]

/**
 * Returns the cause that the words of the reflector's reason suggest (`list services: 503: …`). The
 * reason itself has too many different values for a label.
 */
export function lossCause(reason: string): LossCause {
  return CAUSES.find(([words]) => words.test(reason))?.[1] ?? 'other'
}
