import { type Problem, printProblem } from './problem.ts'

/** A problem with an object, which is named by kind and name. */
export interface ObjectProblem {
  readonly object: string
  readonly message: string
}

/** The kinds that are named without their namespace, as other objects name them. */
const BY_NAME = ['IPAddressPool', 'L2Advertisement', 'BGPPeer', 'BGPAdvertisement', 'BFDProfile']

/** Returns a problem of reading an object as a report names it: a pool by its name alone. */
export function objectProblem(problem: Problem): ObjectProblem {
  const message = printProblem({ ...problem, source: '', kind: undefined, name: undefined })
  const { kind = '', name = '' } = problem
  const shown = BY_NAME.includes(kind) ? name.slice(name.lastIndexOf('/') + 1) : name
  return { object: `${kind}/${shown}`, message }
}
