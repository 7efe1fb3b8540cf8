import { unreachable } from '../../model/unreachable.ts'
import { masked, neighbourLine } from '../../ruleset/bgp/lines.ts'
import { pathOf } from '../../ruleset/bgp/tree.ts'
import { effectOnSession, type SessionEffect } from './effect-on-session.ts'
import type { Operation, Plan } from './operation.ts'

const SAID: Readonly<Record<SessionEffect, string>> = {
  nothing: '',
  'next-session': 'from the next session on',
  resets: 'resets',
  ends: 'ends',
}

/**
 * Prints a plan for people, one step on a line, under the blocks that they are in. Behind a step stands
 * what it does to sessions. A new neighbour is shut down for a moment, which is not told.
 */
export function printPlan(plan: Plan): string {
  let last: readonly string[] = []
  const lines: string[] = []
  for (const operation of plan) {
    if (isMoment(operation)) continue
    const path = placeOf(operation)
    const same = path.every((header, at) => header === last[at])
    if (!same || path.length !== last.length) {
      lines.push(...path.map((header, at) => `${'  '.repeat(at)}${header}`))
    }
    last = path
    lines.push('  '.repeat(path.length) + textOf(operation) + effectText(operation))
  }
  return lines.map((line) => `${line}\n`).join('')
}

function isMoment(operation: Operation): boolean {
  if (operation.kind !== 'set' && operation.kind !== 'unset') return false
  return operation.isNew && neighbourLine(operation.line)?.option === 'shutdown'
}

function placeOf({ kind, context }: Operation): readonly string[] {
  const path = pathOf(context)
  return kind === 'open' || kind === 'close' ? path.slice(0, -1) : path
}

function textOf(operation: Operation): string {
  switch (operation.kind) {
    case 'open':
      return `+ ${pathOf(operation.context).at(-1)}`
    case 'close':
      return `- ${pathOf(operation.context).at(-1)}`
    case 'set':
      return `${operation.before === undefined ? '+' : '~'} ${masked(operation.line)}`
    case 'unset':
      return `- ${masked(operation.line)}`
    case 'remove-neighbour':
      return `- neighbor ${operation.neighbour}`
    default:
      return unreachable(operation)
  }
}

function effectText(operation: Operation): string {
  const notes = [sessions(operation), bfdNote(operation)].filter((note) => note !== '')
  return notes.length === 0 ? '' : `   # ${notes.join('; ')}`
}

function sessions(operation: Operation): string {
  const effect = effectOnSession(operation)
  if (effect === 'nothing') return ''
  const which = 'line' in operation ? neighbourLine(operation.line)?.neighbour : undefined
  if (effect === 'next-session') return SAID[effect]
  if (operation.kind === 'remove-neighbour') return `ends the session`
  return `${SAID[effect]} ${which === undefined ? 'all sessions of the router' : 'the session'}`
}

/** FRR 8.4 at the other end resets the session again and again until its BFD is off, too. */
function bfdNote(operation: Operation): string {
  if (operation.kind !== 'unset' || neighbourLine(operation.line)?.option !== 'bfd') return ''
  return 'the session resets again and again while the other end has BFD'
}
