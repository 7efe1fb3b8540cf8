import { toSettings } from '../../config/settings.ts'
import { printProblem } from '../../decode/problem.ts'
import type { Address } from '../../model/address.ts'
import type { NodeView } from '../../model/node.ts'
import { TROUBLE } from '../arguments.ts'
import { explainObjects } from '../explain/explain.ts'
import { factsOf } from '../explain/node-facts.ts'
import { parseQuestion } from '../explain/packet-arguments.ts'
import type { NodeExplainQuestion } from '../kubectl-arguments.ts'
import type { Output } from '../output.ts'
import { announcingIn, type Known, objectsIn } from './read.ts'

/** How a packet is explained on a Node. */
interface Asked {
  readonly question: NodeExplainQuestion
  readonly format: 'text' | 'json'
}

/**
 * Prints where a packet goes on a Node by the rules that follow from the objects: what it should do.
 * Returns the exit code.
 */
export async function explainNode(
  { question, format }: Asked,
  { lists, config }: Known,
  output: Output,
): Promise<number> {
  const parsed = parseQuestion({ ...question, input: undefined })
  if (parsed.kind === 'wrong') {
    for (const line of parsed.lines) output.say(line)
    return TROUBLE
  }
  const { cluster, nodes, unread } = objectsIn(lists)
  const found = nodes.get(question.node)
  if (found === undefined) {
    output.say(`nodelb: --node: found "${question.node}", expected the name of a Node`)
    return TROUBLE
  }
  const node = { ...found, otherNodes: addressesOfOthers(found, nodes) }
  const { settings, problems } = toSettings(config, node)
  for (const problem of problems) output.say(printProblem(problem))
  const loaded = {
    kind: 'loaded',
    goal: { cluster, node, settings, unreadable: unread },
    conntrack: undefined,
    config,
    announcing: announcingIn(lists, config),
    problems,
  } as const
  const options = { full: question.full, sources: { format } }
  const facts = factsOf(node, settings)
  const asked = { options, question: parsed.question, facts, of: 'cluster' } as const
  const code = await explainObjects(loaded, asked, output)
  if (code === 0 && format === 'text') output.out(`\n${SHOULD.replace('NODE', node.name)}\n`)
  return code
}

const SHOULD =
  'This is what NODE should do, by the objects; `nodelb status` there says whether it is in step.'

function addressesOfOthers(
  { name }: NodeView,
  nodes: ReadonlyMap<string, NodeView>,
): ReadonlySet<Address> {
  const others = [...nodes.values()].filter((each) => each.name !== name)
  return new Set(others.flatMap(({ addresses }) => addresses))
}
