import { expect, test } from 'vitest'
import { type Candidate, chooseEndpoints } from '../../src/frontend/choose-endpoints.ts'
import { intervalContains, intervals } from '../../src/frontend/intervals.ts'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import type { NodeView } from '../../src/model/node.ts'

const node: NodeView = { name: 'node-a', zone: undefined, addresses: [], podCidrs: [] }

function candidate(port: number, nodeName?: string): Candidate {
  const state = { ready: true, serving: true, terminating: false }
  const address = '10.244.1.10' as Address
  const endpoint = { address, nodeName, ...state, zones: undefined, nodes: undefined }
  return { endpoint, port: port as Port }
}

test('a pod that serves a port at several ports of its own is an endpoint at each, in order', () => {
  const { cluster } = chooseEndpoints([candidate(8081), candidate(8080)], node)
  expect(cluster.map(({ port }) => port)).toEqual([8080, 8081])
})

test.each([
  ['node-a', ['node-c', 'node-a']],
  ['node-b', ['node-c', 'node-b']],
  ['node-c', ['node-c', undefined]],
])('an endpoint that slices put on several nodes is on %s', (expected, [first, second]) => {
  const entries = [candidate(80, first), candidate(80, second)]
  for (const each of [entries, entries.toReversed()]) {
    expect(chooseEndpoints(each, node).offered()).toMatchObject([
      { endpoint: { nodeName: expected } },
    ])
  }
})

test('source ranges that meet become one interval, which is a prefix only where it can be one', () => {
  const cidrs = ['10.0.0.1/32', '10.0.0.2/31', '10.1.0.0/17', '10.1.128.0/17'] as Cidr[]
  const merged = intervals('ipv4', cidrs)
  expect(merged).toEqual(['10.0.0.1-10.0.0.3', '10.1.0.0/16'])
  const asked = ['10.0.0.0', '10.0.0.1', '10.0.0.3', '10.0.0.4'] as Address[]
  expect(asked.map((each) => intervalContains('10.0.0.1-10.0.0.3', each))).toEqual([
    false,
    true,
    true,
    false,
  ])
})
