import { compareText } from '../model/compare-text.ts'
import { present } from '../model/present.ts'
import type { BarredNodes, NodeBar } from './node-reason.ts'

/** A Node whose addresses a Service does not get. */
export interface BarredNode {
  readonly node: string
  readonly bar: NodeBar
}

/** Returns the Nodes by what bars them: each cause once, in the order of the first Node of each. */
export function byCause(barred: readonly BarredNode[]): readonly BarredNodes[] {
  const causes = new Map<string, { readonly bar: NodeBar; readonly nodes: string[] }>()
  // Mostly one cause is one object, whose text is then made once.
  const texts = new Map<NodeBar, string>()
  for (const { node, bar } of barred) {
    const text = texts.get(bar) ?? JSON.stringify(bar)
    texts.set(bar, text)
    const known = causes.get(text)
    if (known === undefined) causes.set(text, { bar, nodes: [node] })
    else known.nodes.push(node)
  }
  for (const { nodes } of causes.values()) nodes.sort(compareText)
  return [...causes.values()].sort((a, b) => compareText(present(a.nodes[0]), present(b.nodes[0])))
}
