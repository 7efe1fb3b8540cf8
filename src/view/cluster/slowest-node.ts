import type { ClusterInput } from './cluster-input.ts'
import { heardOf } from './node-list.ts'

/** Returns the Node where 99 of 100 changes of the last hour took longest; undefined if there was none. */
export function slowestNode(
  input: ClusterInput,
): { readonly node: string; readonly ms: number } | undefined {
  return heardOf(input)
    .flatMap(({ node, p99Milliseconds: ms }) => (ms === null ? [] : [{ node, ms }]))
    .sort((a, b) => b.ms - a.ms)[0]
}
