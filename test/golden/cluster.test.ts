import { expect, test } from 'vitest'
import { answerTo } from '../../src/cli/cluster/answer.ts'
import { explainNode } from '../../src/cli/cluster/explain-node.ts'
import type { ClusterQuestion } from '../../src/cli/kubectl-arguments.ts'
import { defaultConfig } from '../../src/config/config.ts'
import { CLUSTERS, listsIn } from '../support/cluster-lists.ts'

/** What `kubectl nodelb` prints of the objects of a cluster, at the width of a terminal. */

const at = '2026-11-27T03:11:08.000Z'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes has
type Manifest = any

function ask(name: string, question: ClusterQuestion) {
  const answer = answerTo(question, { lists: listsIn(name), config: defaultConfig, at })
  if (answer.wrong !== undefined) throw new Error(answer.wrong)
  return { ...answer, shown: answer.text({ colour: false, columns: 80 }) }
}

const QUESTIONS: readonly (readonly [string, string, ClusterQuestion])[] = [
  ['shop-status', 'shop', { kind: 'status' }],
  ['shop-services', 'shop', { kind: 'services' }],
  ['shop-pools', 'shop', { kind: 'pools' }],
  ['shop-announcers', 'shop', { kind: 'announcers', node: undefined }],
  ['shop-drain-n1', 'shop', { kind: 'drain', node: 'n1' }],
  ['shop-drain-n3', 'shop', { kind: 'drain', node: 'n3' }],
  ['calm-status', 'calm', { kind: 'status' }],
  ['broken-status', 'broken', { kind: 'status' }],
  ['rollout-status', 'rollout', { kind: 'status' }],
]

test.each(QUESTIONS)('%s', async (golden, name, question) => {
  await expect(ask(name, question).shown).toMatchFileSnapshot(`${CLUSTERS}${golden}.txt`)
})

test.each(QUESTIONS)('%s for programs', async (golden, name, question) => {
  const { json } = ask(name, question)
  expect(JSON.parse(json)).toBeTypeOf('object')
  await expect(json).toMatchFileSnapshot(`${CLUSTERS}${golden}.jsonl`)
})

async function explained(node: string, format: 'text' | 'json') {
  const question = { kind: 'explain', from: '192.0.2.1', to: 'shop/web:http', full: false } as const
  const known = { lists: listsIn('shop'), config: defaultConfig, at }
  let out = ''
  const said: string[] = []
  const code = await explainNode({ question: { ...question, node }, format }, known, {
    out: (text) => {
      out += text
    },
    say: (line) => said.push(line),
    colour: false,
    columns: 80,
  })
  return { code, out, said }
}

test.each(['n1', 'n2'])('explains what %s should do', async (node) => {
  const { out, ...rest } = await explained(node, 'text')
  expect(rest).toEqual({ code: 0, said: [] })
  await expect(out).toMatchFileSnapshot(`${CLUSTERS}shop-explain-${node}.txt`)
  const [answer, ...more] = JSON.parse((await explained(node, 'json')).out)
  expect(more).toEqual([])
  const kind = node === 'n1' ? 'delivered' : 'dropped'
  expect(answer).toMatchObject({
    of: 'cluster',
    kernel: null,
    ways: [{ outcome: { kind } }, ...answer.ways.slice(1)],
  })
})

test('a Node that cannot be explained is refused by name', async () => {
  expect(await explained('n9', 'text')).toEqual({
    ...{ code: 2, out: '' },
    said: ['nodelb: --node: found "n9", expected the name of a Node'],
  })
})

test('status says by its exit code whether something needs a person', () => {
  expect([ask('calm', { kind: 'status' }).code, ask('shop', { kind: 'status' }).code]).toEqual([
    0, 1,
  ])
})

test('no line of tables is wider than the terminal, and no address is cut', () => {
  for (const kind of ['status', 'services', 'pools'] as const) {
    const { shown } = ask('shop', { kind })
    for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  }
  const { shown } = ask('shop', { kind: 'services' })
  for (const address of ['192.168.1.240', '192.168.1.241', '2001:db8:1::1']) {
    expect(shown).toContain(` ${address} `)
  }
})

test('nothing is said of what could not be read', () => {
  const lists = listsIn('calm', new Set(['pods', 'leases', 'l2Statuses']))
  const blind = { ...lists, told: { ...lists.told, pods: [], leases: [] } }
  const answer = answerTo({ kind: 'status' }, { lists: blind, config: defaultConfig, at })
  if (answer.wrong !== undefined) throw new Error(answer.wrong)
  const { facts, matters } = JSON.parse(answer.json)
  expect(matters).toEqual([])
  const texts = Object.fromEntries(facts.map((each: Manifest) => [each.name, each.text]))
  expect(texts).toMatchObject({
    Agents: 'not read',
    Controller: 'not read',
    Announced: 'not read',
  })
})

test('a Node that is not there is refused by name', () => {
  const known = { lists: listsIn('calm'), config: defaultConfig, at }
  expect(answerTo({ kind: 'drain', node: 'n9' }, known)).toEqual({
    wrong: 'drain: found "n9", expected the name of a Node',
  })
  expect(answerTo({ kind: 'announcers', node: 'n9' }, known)).toEqual({
    wrong: '--node: found "n9", expected the name of a Node',
  })
})
