import type { SourceState } from './source.ts'

/**
 * Returns a listener that passes on only states that are new. While attempts keep failing, each
 * reason is passed on once; the end of the trouble is passed on when the source follows again.
 */
export function sayChanges(onState: (state: SourceState) => void): (state: SourceState) => void {
  let last: SourceState['kind'] | undefined
  const reasons = new Set<string>()
  return (state) => {
    if (state.kind === 'lost') {
      if (reasons.has(state.reason)) return
      reasons.add(state.reason)
    } else {
      if (state.kind === last || (state.kind === 'listing' && last === 'lost')) return
      reasons.clear()
    }
    last = state.kind
    onState(state)
  }
}
