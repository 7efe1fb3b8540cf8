import { unreachable } from '../../model/unreachable.ts'
import { masked, neighbourLine } from '../../ruleset/bgp/lines.ts'
import { pathOf } from '../../ruleset/bgp/tree.ts'
import { effectOnSession } from './effect-on-session.ts'
import type { Operation, Plan } from './operation.ts'

/**
 * Prints a plan for people, one step on a line, under the blocks that they are in. Behind a step stands
 * what it does to sessions. A new neighbour is shut down for a moment, which is left out.
 */
export function printPlan(plan: Plan): string {
  let last: readonly string[] = []
  const lines: string[] = []
  for (const operation of plan) {
    if (isMoment(operation)) continue
    const place = placeOf(operation)
    const known = last.findIndex((header, at) => header !== place[at])
    const shared = known < 0 ? last.length : known
    const headers = place.slice(shared).map((header, at) => `${indent(shared + at)}${header}`)
    lines.push(...headers, indent(place.length) + textOf(operation) + effectText(operation))
    last = operation.kind === 'open' ? pathOf(operation.context) : place
  }
  return lines.map((line) => `${line}\n`).join('')
}

function indent(depth: number): string {
  return '  '.repeat(depth)
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
  const isOfRouter = operation.kind !== 'remove-neighbour' && !concernsNeighbour(operation)
  const which = isOfRouter ? 'all sessions of the router' : 'the session'
  const effect = effectOnSession(operation)
  switch (effect) {
    case 'nothing':
      return ''
    case 'next-session':
      return 'from the next session on'
    case 'resets':
      return `resets ${which}`
    case 'ends':
      return `ends ${which}`
    default:
      return unreachable(effect)
  }
}

function concernsNeighbour(operation: Operation): boolean {
  return 'line' in operation && neighbourLine(operation.line) !== undefined
}

/** Of FRR 8.4 it is known that it does so once; a router may also want no session without BFD. */
function bfdNote(operation: Operation): string {
  if (operation.kind !== 'unset' || neighbourLine(operation.line)?.option !== 'bfd') return ''
  return 'the other end resets the session if it has BFD, and may refuse it until that is off, too'
}
