import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Step } from '../../src/announce/step.ts'
import { addresses, agentOf } from '../support/lan-faults.ts'
import { watchAnswers, wrongOwners } from '../support/lan-laws.ts'
import { LanModel, LONGEST_COMMIT, TIMES } from '../support/lan-model.ts'

function quietLan(nodes: number, lans: number, candidates?: number): LanModel {
  const model = new LanModel({ nodes, lans, addresses, agentOf, ...(candidates && { candidates }) })
  for (const node of model.nodes) model.start(node)
  model.run(TIMES.settle + 2_000)
  expect(wrongOwners(model)).toEqual([])
  return model
}

/** Which node answers for which address on which LAN. */
function holders(model: LanModel): readonly string[] {
  return addresses.flatMap((address) =>
    Array.from({ length: model.options.lans }, (_, lan) =>
      model.answerers(lan, address).map(({ name }) => `${name} ${lan} ${address}`),
    ).flat(),
  )
}

/** Returns who answers for what, each time that it changes from now on. */
function watchHolders(model: LanModel): readonly string[] {
  const before = holders(model).join()
  const changes: string[] = []
  model.watch = () => {
    const now = holders(model).join()
    if (now !== before) changes.push(`${model.now}: ${now}`)
  }
  return changes
}

/** Programming what is there already only makes it the agent's own. */
function programs(steps: readonly Step[] | undefined): readonly Step[] {
  return (steps ?? []).filter((step) =>
    step.kind === 'program' ? step.add.length + step.remove.length > 0 : step.kind === 'revive',
  )
}

test('losing all beats changes nothing while the kernels answer', () => {
  const model = quietLan(3, 2)
  expect(holders(model)).toHaveLength(6)
  for (const from of model.nodes) for (const to of model.nodes) model.loseBeats(from, to, 20_000)
  const changes = watchHolders(model)
  model.run(25_000)
  expect(changes).toEqual([])
})

test('an agent that starts again keeps what its kernel answers for, and asks for nothing else', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 2 }),
      fc.integer({ min: 1, max: TIMES.hold - 400 }),
      fc.nat({ max: 199 }),
      fc.boolean(),
      (index, ms, phase, isDeaf) => {
        const model = quietLan(3, 2)
        const changes = watchHolders(model)
        const [node] = model.nodes.slice(index)
        if (node === undefined) return
        model.run(phase)
        model.kill(node)
        model.run(ms)
        if (isDeaf) for (const from of model.nodes) model.loseBeats(from, node, 10_000)
        const own = [...node.kernel.spots.values()]
        model.start(node)
        model.run(isDeaf ? TIMES.timeout - 10 : 5_000)
        expect(programs(node.agent?.steps)).toEqual([])
        const asked = (node.agent?.steps ?? []).flatMap((step) =>
          step.kind === 'probe' ? step.spots : [],
        )
        expect(asked).toEqual(own)
        model.run(5_000)
        expect(programs(node.agent?.steps)).toEqual([])
        expect(changes).toEqual([])
      },
    ),
    { numRuns: 10 },
  )
})

test('an agent that starts after its kernel fell silent empties the sets before it does anything else', () => {
  const model = quietLan(2, 1)
  const [node] = model.nodes
  if (node === undefined) return
  const violations = watchAnswers(model)
  model.kill(node)
  model.run(TIMES.hold + 500)
  expect(node.kernel.spots.size).toBeGreaterThan(0)
  model.start(node)
  expect(node.agent?.steps).toEqual([{ kind: 'revive' }])
  expect(node.kernel.spots.size).toBe(0)
  model.run(TIMES.settle + 2_000)
  expect(violations).toEqual([])
  expect(wrongOwners(model)).toEqual([])
})

test('a node that is alone takes anew what its kernel no longer answers for', () => {
  const model = quietLan(1, 1)
  const [node] = model.nodes
  if (node === undefined) return
  model.kill(node)
  model.run(TIMES.hold + 500)
  model.start(node)
  model.run(1_000)
  expect(wrongOwners(model)).toEqual([])
})

test('an agent that was frozen for longer than its kernel answers begins anew', () => {
  const model = quietLan(3, 1)
  const [node] = model.nodes
  if (node === undefined) return
  const violations = watchAnswers(model)
  node.agent?.stall(TIMES.hold + 2_000)
  model.run(TIMES.hold + 1_000)
  expect(model.answerers(0, addresses[0] as never).map(({ name }) => name)).toEqual(['n1'])
  model.run(TIMES.settle + 4_000)
  expect(violations).toEqual([])
  expect(wrongOwners(model)).toEqual([])
})

test('a node that leaves hands over without a moment in which nobody answers', () => {
  const model = quietLan(3, 2)
  const [node] = model.nodes
  if (node === undefined) return
  const violations = watchAnswers(model)
  const check = model.watch
  const dark: number[] = []
  model.watch = () => {
    check()
    if (addresses.some((each) => [0, 1].some((lan) => model.answerers(lan, each).length === 0))) {
      dark.push(model.now)
    }
  }
  node.isExcluded = true
  for (const { agent } of model.nodes) agent?.wake()
  model.run(1_000)
  expect(node.kernel.spots.size).toBe(0)
  node.isExcluded = false
  for (const { agent } of model.nodes) agent?.wake()
  model.run(3_000)
  expect(dark).toEqual([])
  expect(violations).toEqual([])
  expect(wrongOwners(model)).toEqual([])
})

test('one that dies in a handover before it claims keeps others off while its kernel answers', () => {
  for (let after = 0; after < 5; after++) {
    const model = quietLan(3, 1)
    const [node, next] = model.nodes
    if (node === undefined || next?.agent === undefined) return
    const violations = watchAnswers(model)
    next.agent.diesAfter = after
    node.isExcluded = true
    for (const { agent } of model.nodes) agent?.wake()
    model.run(TIMES.hold + 3_000)
    expect(violations).toEqual([])
    expect(model.answerers(0, addresses[0] as never).map(({ name }) => name)).toEqual(['n2'])
  }
})

test('with two LANs a node that is cut off from one goes on answering on the other', () => {
  const model = quietLan(2, 2)
  const [node, other] = model.nodes
  const [address] = addresses
  if (node === undefined || other === undefined || address === undefined) return
  model.cutCable(node, 0)
  model.run(2_000)
  expect(model.answerers(0, address)).toEqual([other])
  expect(model.answerers(1, address)).toEqual([node])
  model.plugCable(node, 0)
  model.run(TIMES.settle + 2_000)
  expect(model.answerers(0, address)).toEqual([node])
  expect(model.answerers(1, address)).toEqual([node])
})

test('a stranger keeps an address off its LAN only, and it is taken when the stranger is gone', () => {
  const model = new LanModel({ nodes: 2, lans: 2, addresses, agentOf })
  const [node] = model.nodes
  const [address] = addresses
  if (node === undefined || address === undefined) return
  model.strangerClaims(1, address)
  for (const each of model.nodes) model.start(each)
  model.run(5_000)
  expect(model.answerers(0, address)).toEqual([node])
  expect(model.answerers(1, address)).toEqual([])
  expect(
    node.agent?.steps.flatMap((step) => (step.kind === 'tell' ? step.news : [])),
  ).toContainEqual({
    kind: 'waits',
    spot: { address, interface: 'eth1' },
    obstacle: { kind: 'conflict', mac: '02:ff:ff:ff:ff:ff' },
  })
  model.strangers.clear()
  model.run(1_500)
  expect(model.answerers(1, address)).toEqual([node])
})

test('nodes that are no candidate for anything send and get no beats', () => {
  const model = quietLan(12, 1, 3)
  const beats = new Map<string, Set<string>>()
  const send = model.send.bind(model)
  model.send = (from, to, beat) => {
    beats.set(from.name, (beats.get(from.name) ?? new Set()).add(to.name))
    send(from, to, beat)
  }
  model.run(1_000)
  // Three addresses, whose candidates are n0 to n2, n1 to n3 and n2 to n4.
  expect([...beats.keys()].sort()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
  expect([...(beats.get('n0') ?? [])].sort()).toEqual(['n1', 'n2'])
})

test('two that each take themselves for the owner do not both begin, however slow their kernels are', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 250 }),
      fc.nat({ max: LONGEST_COMMIT }),
      fc.nat({ max: LONGEST_COMMIT }),
      fc.boolean(),
      (offset, first, second, isLowerFirst) => {
        const model = new LanModel({ nodes: 2, lans: 1, addresses, agentOf })
        for (const node of model.nodes) {
          node.isExcluded = true
          model.start(node)
        }
        model.run(TIMES.settle + 2_000)
        const violations = watchAnswers(model)
        const commits = [first, second]
        for (const node of isLowerFirst ? model.nodes : model.nodes.toReversed()) {
          // Each reads other objects, by which it comes first.
          node.isConfused = node.index > 0
          node.isExcluded = false
          if (node.agent !== undefined) node.agent.commitMs = commits.shift() ?? 0
          node.agent?.wake()
          model.run(offset)
        }
        model.run(2_000)
        expect(violations).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})
