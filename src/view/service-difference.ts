import type { HeldChange, HeldFrontend } from '../frontend/held-frontend.ts'
import { type Owner, ownerIn, portIn } from '../frontend/label-text.ts'
import type { NameOf } from '../frontend/labels.ts'
import { frontendText } from '../model/frontend-id.ts'
import { present } from '../model/present.ts'
import {
  type ExplainedOperation,
  type Group,
  grouped,
  type ShownOperation,
} from '../plan/explain.ts'
import { changeLines, type Line, textsOf } from './change-lines.ts'

/** What a change of one frontend is to those who use it. */
interface ServiceChange {
  /** `namespace/name`. */
  readonly service: string
  /** The name of the Service port, or its number if it has none. */
  readonly port: string
  /** Such as `192.0.2.1:80/tcp`, and `*:30080/tcp` for a port of the node. */
  readonly address: string
  readonly change: Change
  readonly endpoints: { readonly added: readonly string[]; readonly removed: readonly string[] }
}

export type Change = 'added' | 'changed' | 'removed'

/** What changes in the same way at some addresses of a Service port. */
export interface PortChange {
  /** `namespace/name:port`. */
  readonly title: string
  readonly addresses: readonly string[]
  readonly change: Change
  readonly lines: readonly Line[]
  /** The operations that do it; those of a port stand with its first change. */
  readonly operations: readonly ExplainedOperation[]
}

/** A plan as the difference of two lists of frontends: it is the same with every backend. */
export interface ServiceDifference {
  readonly services: readonly ServiceChange[]
  readonly ports: readonly PortChange[]
  /** What no frontend explains, such as a rule of others, or an element that others deleted. */
  readonly drift: readonly Group[]
  /** Operations that the changed Services have in common. */
  readonly shared: readonly Group[]
  /** How many Services come, change and go. */
  readonly counts: Readonly<Record<Change, number>>
  readonly operations: number
  /** True if all operations are performed at once or not at all. */
  readonly isOneTransaction: boolean
}

/** What a plan does. */
interface PlanInView extends Pick<ServiceDifference, 'isOneTransaction'> {
  readonly frontends: HeldChange
  readonly operations: Iterable<ShownOperation>
  readonly nameOf: NameOf
}

/** Returns what a plan changes, by Service, in order of name. */
export function serviceDifference({
  frontends,
  operations: shown,
  nameOf,
  isOneTransaction,
}: PlanInView): ServiceDifference {
  const operations = [...shown]
  const pairs = changedPairs(frontends)
  const explained = new Set(pairs.flatMap(({ label }) => [label, String(ownerIn(label))]))
  const isShared = ({ owner, foreign }: ShownOperation): boolean =>
    owner === undefined && foreign !== true && pairs.length > 0
  const isExplained = (operation: ShownOperation): operation is OwnedOperation =>
    operation.owner !== undefined && explained.has(operation.owner)
  return {
    services: pairs.map((pair) => changeOf(pair, nameOf)),
    ports: portChanges(pairs, byOwner(operations.filter(isExplained)), nameOf),
    drift: grouped(operations.filter((each) => !isExplained(each) && !isShared(each))),
    shared: grouped(operations.filter(isShared)),
    counts: countServices(pairs, frontends),
    operations: operations.length,
    isOneTransaction,
  }
}

/** A frontend before and after, of one Service; at least one of them is there. */
interface Pair {
  readonly label: string
  readonly before: HeldFrontend | undefined
  readonly after: HeldFrontend | undefined
  readonly lines: readonly Line[]
}

/** Returns the frontends that differ. One that goes to another Service is removed and added. */
function changedPairs({ before, after }: HeldChange): readonly Pair[] {
  const old = new Map(before.map((held) => [keyOf(held), held]))
  const now = new Map(after.map((held) => [keyOf(held), held]))
  const keys = new Set([...old.keys(), ...now.keys()])
  return [...keys]
    .flatMap((key): readonly Pair[] => {
      const pair = { before: old.get(key), after: now.get(key) }
      const { label } = oneOf(pair)
      const lines = changeLines(pair.before, pair.after)
      const isSame = lines.length === 0 && pair.before !== undefined && pair.after !== undefined
      return isSame ? [] : [{ label, ...pair, lines }]
    })
    .sort(inOrder)
}

function keyOf({ label, family, id }: HeldFrontend): string {
  return `${label} ${family} ${id}`
}

/** What people outside use stands first. */
const KINDS = ['load-balancer', 'external-ip', 'node-port', 'cluster-ip']

function inOrder(a: Pair, b: Pair): number {
  const place = ({ label }: Pair): string => label.slice(0, label.lastIndexOf(' '))
  if (place(a) !== place(b)) return place(a) < place(b) ? -1 : 1
  const rank = ({ label }: Pair): number => KINDS.indexOf(portIn(label).kind)
  return rank(a) - rank(b) || (addressOf(a) < addressOf(b) ? -1 : 1)
}

function addressOf(pair: Pair): string {
  return frontendText(oneOf(pair).id)
}

function oneOf({ before, after }: Pick<Pair, 'before' | 'after'>): HeldFrontend {
  return present(after ?? before)
}

function kindOf({ before, after }: Pair): Change {
  if (before === undefined) return 'added'
  return after === undefined ? 'removed' : 'changed'
}

function changeOf(pair: Pair, nameOf: NameOf): ServiceChange {
  const { label, before, after } = pair
  const [old, now] = [new Set(before?.endpoints), new Set(after?.endpoints)]
  return {
    service: nameOf(ownerIn(label)),
    port: portIn(label).port,
    address: addressOf(pair),
    change: kindOf(pair),
    endpoints: {
      added: textsOf([...now].filter((each) => !old.has(each))),
      removed: textsOf([...old].filter((each) => !now.has(each))),
    },
  }
}

type OwnedOperation = ShownOperation & { readonly owner: string }
type ByOwner = Map<string, ExplainedOperation[]>

function byOwner(operations: readonly OwnedOperation[]): ByOwner {
  const found: ByOwner = new Map()
  for (const { owner, sign, text } of operations) {
    const mine = found.get(owner)
    if (mine === undefined) found.set(owner, [{ sign, text }])
    else mine.push({ sign, text })
  }
  return found
}

/** Joins what changes alike; `operations` are given away, each once. */
function portChanges(
  pairs: readonly Pair[],
  operations: ByOwner,
  nameOf: NameOf,
): readonly PortChange[] {
  const take = (owner: string): readonly ExplainedOperation[] => {
    const found = operations.get(owner) ?? []
    operations.delete(owner)
    return found
  }
  return alike(pairs).map((group): PortChange => {
    const [first] = group
    const owner = ownerIn(first.label)
    return {
      title: `${nameOf(owner)}:${portIn(first.label).port}`,
      addresses: group.map(addressOf),
      change: kindOf(first),
      lines: first.lines,
      operations: [owner, ...group.map(({ label }) => label)].flatMap(take),
    }
  })
}

type Alike = [Pair, ...Pair[]]

/** Groups what is said of one port in the same words. */
function alike(pairs: readonly Pair[]): readonly Alike[] {
  const groups = new Map<string, Alike>()
  for (const pair of pairs) {
    const { port } = portIn(pair.label)
    const key = JSON.stringify([ownerIn(pair.label), port, kindOf(pair), pair.lines])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [pair])
    else group.push(pair)
  }
  return [...groups.values()]
}

/** A Service comes if nothing of it was there before, and goes if nothing is left. */
function countServices(
  pairs: readonly Pair[],
  { before, after }: HeldChange,
): ServiceDifference['counts'] {
  const [old, now] = [ownersOf(before), ownersOf(after)]
  const counts = { added: 0, changed: 0, removed: 0 }
  for (const owner of new Set(pairs.map(({ label }) => ownerIn(label)))) {
    if (!old.has(owner)) counts.added++
    else if (now.has(owner)) counts.changed++
    else counts.removed++
  }
  return counts
}

function ownersOf(held: readonly HeldFrontend[]): ReadonlySet<Owner> {
  return new Set(held.map(({ label }) => ownerIn(label)))
}
