import { type Failed, orFailed } from './outcome.ts'

export type InTurn = <Result>(task: () => Promise<Result>) => Promise<Result | Failed>

/** Returns a function that runs tasks one after the other, each as `orFailed` does. */
export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = last.then(() => orFailed(task))
    last = run.catch(() => undefined)
    return run
  }
}
