import { expect, test } from 'vitest'
import { addresses, agentOf } from '../support/lan-faults.ts'
import { LanModel, type ModelNode, TIMES } from '../support/lan-model.ts'

// What happens where the kernel of a node whose agent is dead answers later than others listen.

function settledLan(): LanModel {
  const model = new LanModel({ nodes: 3, lans: 1, addresses, agentOf })
  for (const node of model.nodes) model.start(node)
  model.run(TIMES.settle + 2_000)
  return model
}

/** Lets time pass; returns for how many milliseconds in all two nodes answered for an address. */
function bothAnswer(model: LanModel, address: (typeof addresses)[number], ms: number): number {
  let both = 0
  for (let at = 0; at < ms; at++) {
    model.run(1)
    if (model.answerers(0, address).length > 1) both++
  }
  return both
}

test.each([
  [0, 120],
  [0, 200],
  [0, 400],
  [2, 120],
  [2, 200],
  [2, 400],
])('a dead agent, node %i, whose kernel answers after %i ms', (index, answerMs) => {
  const model = settledLan()
  const node = model.nodes[index] as ModelNode
  const address = addresses[index] as (typeof addresses)[number]
  expect(model.answerers(0, address)).toEqual([node])
  model.answerAfter(node, answerMs)
  model.kill(node)
  expect(bothAnswer(model, address, TIMES.hold)).toBeLessThan(2 * answerMs)
})
