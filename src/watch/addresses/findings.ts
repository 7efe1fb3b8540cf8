import type { Decision } from '../../allocate/decide.ts'
import { printReason } from '../../allocate/print-reason.ts'
import { type Problem, printProblem } from '../../decode/problem.ts'
import type { Address } from '../../model/address.ts'
import { sameMembers } from '../../model/same-members.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { AddressNews } from './address-news.ts'

/** Problems by the object that they are of, `Service/shop/web` or `IPAddressPool/production`. */
type ProblemsByObject = ReadonlyMap<string, readonly string[]>

/** Returns what a person should settle: problems of objects, of the decision, and who waits. */
export function problemsOf(decision: Decision, ofObjects: Iterable<Problem>): ProblemsByObject {
  const found = new Map<string, string[]>()
  const add = (object: string, message: string): void => {
    const messages = found.get(object)
    if (messages === undefined) found.set(object, [message])
    else if (!messages.includes(message)) messages.push(message)
  }
  for (const problem of ofObjects) add(objectOf(problem), withoutName(problem))
  for (const { object, message } of decision.problems) add(object, message)
  for (const grant of decision.grants) {
    const { addresses, reason } = grant
    if (addresses.length === 0) add(`Service/${serviceName(grant)}`, printReason(reason))
  }
  return found
}

/** Returns `IPAddressPool/production` for a pool, as a decision names it: by its name alone. */
function objectOf({ kind, name = '' }: Problem): string {
  const isPool = kind === 'IPAddressPool'
  return `${kind}/${isPool ? name.slice(name.lastIndexOf('/') + 1) : name}`
}

function withoutName(problem: Problem): string {
  return printProblem({ ...problem, kind: undefined, name: undefined })
}

type ChangeNews = Extract<AddressNews, { event: 'addresses-changed' }>

/** Returns the Services that get other addresses than they had. */
export function changesOf(
  { grants, others }: Decision,
  before: (service: ServiceName) => readonly Address[],
): readonly ChangeNews[] {
  const given = grants.map((grant) => ({
    service: serviceName(grant),
    addresses: grant.addresses.map(({ address }) => address),
    reason: printReason(grant.reason),
  }))
  const released = others
    .filter((other) => other.released)
    .map((other) => ({ service: serviceName(other), addresses: [], reason: RELEASED }))
  return [...given, ...released].flatMap((change): ChangeNews[] => {
    const had = before(change.service)
    if (sameMembers(had, change.addresses)) return []
    return [{ event: 'addresses-changed', ...change, before: had }]
  })
}

const RELEASED = 'It is no longer a Service to which nodelb gives addresses'
