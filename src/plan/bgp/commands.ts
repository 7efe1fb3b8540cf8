import { unreachable } from '../../model/unreachable.ts'
import { undoOf } from '../../ruleset/bgp/lines.ts'
import { contextOf, pathOf } from '../../ruleset/bgp/tree.ts'
import type { Operation, Plan } from './operation.ts'

/** The program that holds a block. */
export type Daemon = 'bgpd' | 'bfdd'

interface Command {
  /** With passwords in full: it is for FRR alone. */
  readonly text: string
  /** The step that it does; undefined if it only leads to where that is done. */
  readonly operation?: Operation
}

/** Commands for one program, in order. */
interface Batch {
  readonly daemon: Daemon
  readonly commands: readonly Command[]
}

/** Returns what to tell FRR, program by program. */
export function commandsOf(plan: Plan): readonly Batch[] {
  const batches: { readonly daemon: Daemon; readonly commands: Command[] }[] = []
  for (const { place, operations } of groups(plan)) {
    const daemon = place[0] === 'bfd' ? 'bfdd' : 'bgpd'
    let batch = batches.at(-1)
    if (batch?.daemon !== daemon) {
      batch = { daemon, commands: [] }
      batches.push(batch)
    }
    // Each group finds its own way in, so that a header that is refused misleads no later group.
    batch.commands.push({ text: 'configure terminal' })
    batch.commands.push(...place.slice(0, -1).map((text) => ({ text })))
    batch.commands.push(...inside(place.at(-1), operations), { text: 'end' })
  }
  return batches
}

interface Group {
  /** The headers of the block in which the commands are given. */
  readonly place: readonly string[]
  readonly operations: Operation[]
}

function groups(plan: Plan): readonly Group[] {
  const found: Group[] = []
  for (const operation of plan) {
    const place = placeOf(operation)
    const last = found.at(-1)
    if (last !== undefined && contextOf(last.place) === contextOf(place)) {
      last.operations.push(operation)
    } else found.push({ place, operations: [operation] })
  }
  return found
}

/** A block is taken away from outside. */
function placeOf({ kind, context }: Operation): readonly string[] {
  const path = pathOf(context)
  return kind === 'close' ? path.slice(0, -1) : path
}

/** A block is made by going into it. */
function inside(header: string | undefined, operations: readonly Operation[]): readonly Command[] {
  const opening = operations.find(({ kind }) => kind === 'open')
  const enter =
    header === undefined ? [] : [{ text: header, ...(opening && { operation: opening }) }]
  const others = operations.filter((operation) => operation.kind !== 'open')
  return [...enter, ...others.map((operation) => ({ text: textOf(operation), operation }))]
}

function textOf(operation: Exclude<Operation, { kind: 'open' }>): string {
  switch (operation.kind) {
    case 'close':
      return `no ${pathOf(operation.context).at(-1)}`
    case 'set':
      return operation.line
    case 'unset':
      return undoOf(operation.line)
    case 'remove-neighbour':
      return `no neighbor ${operation.neighbour}`
    default:
      return unreachable(operation)
  }
}
