import type { SourceState } from './source.ts'

/**
 * Passes a state on when it is news. While one attempt after the other fails, each reason is told
 * once, however often it comes; the end of the trouble is told when the source follows again.
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
