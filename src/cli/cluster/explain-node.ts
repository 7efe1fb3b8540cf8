import { toSettings } from '../../config/settings.ts'
import { printProblem } from '../../decode/problem.ts'
import type { Address } from '../../model/address.ts'
import type { NodeView } from '../../model/node.ts'
import { TROUBLE } from '../arguments.ts'
import { unlessIncomplete } from '../commands.ts'
import { type Answered, joined } from '../explain/answered.ts'
import { answersByObjects } from '../explain/explain.ts'
import { factsOf } from '../explain/node-facts.ts'
import { parseQuestion, type Question } from '../explain/packet-arguments.ts'
import type { NodeExplainQuestion } from '../kubectl-arguments.ts'
import type { Loaded } from '../load.ts'
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
  known: Known,
  output: Output,
): Promise<number> {
  const found = await answersAt(question, known, output)
  if (found === undefined) return TROUBLE
  const { answers, asked, goal } = found
  const layout = { full: question.full, sources: { format } }
  output.out(joined(answers, asked, layout, output.colour))
  const code = unlessIncomplete(goal, 0)
  if (code === 0 && format === 'text') output.out(`\n${SHOULD.replace('NODE', goal.node.name)}\n`)
  return code
}

const SHOULD =
  'This is what NODE should do, by the objects; `nodelb status` there says whether it is in step.'

/** The answers to a question, and what they follow from. */
interface AnswersAt {
  readonly answers: readonly Answered[]
  readonly asked: Question
  readonly goal: (Loaded & { readonly kind: 'loaded' })['goal']
}

/** Returns where a packet goes on a Node, as it should be; undefined if the question is wrong, which is said. */
export async function answersAt(
  question: Omit<NodeExplainQuestion, 'kind' | 'full'>,
  { lists, config }: Known,
  output: Pick<Output, 'say'>,
): Promise<AnswersAt | undefined> {
  const parsed = parseQuestion({ ...question, input: undefined })
  if (parsed.kind === 'wrong') {
    for (const line of parsed.lines) output.say(line)
    return undefined
  }
  const { cluster, nodes, unread } = objectsIn(lists)
  const found = nodes.get(question.node)
  if (found === undefined) {
    output.say(`nodelb: --node: found "${question.node}", expected the name of a Node`)
    return undefined
  }
  const node = { ...found, otherNodes: addressesOfOthers(found, nodes) }
  const { settings, problems } = toSettings(config, node)
  for (const problem of problems) output.say(printProblem(problem))
  const goal = { cluster, node, settings, unreadable: unread }
  const announcing = announcingIn(lists, config)
  const loaded = {
    kind: 'loaded',
    goal,
    conntrack: undefined,
    config,
    announcing,
    problems,
  } as const
  const facts = factsOf(node, settings)
  const asked = parsed.question
  const answers = await answersByObjects(loaded, { question: asked, facts, of: 'cluster' }, output)
  return answers && { answers, asked, goal }
}

function addressesOfOthers(
  { name }: NodeView,
  nodes: ReadonlyMap<string, NodeView>,
): ReadonlySet<Address> {
  const others = [...nodes.values()].filter((each) => each.name !== name)
  return new Set(others.flatMap(({ addresses }) => addresses))
}
