import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readToldNode } from '../../src/decode/cluster/told-node.ts'
import { toldNode } from '../support/calm-cluster.ts'

function object(name: string, status: unknown): unknown {
  return { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbNodeStatus', metadata: { name }, status }
}

test('what an agent writes is read as it was', () => {
  const refused = [{ service: 'shop/web', reason: 'no space' }]
  const drift = { since: '2026-01-01T00:00:00Z', reason: 'nft changed it' }
  for (const more of [
    {},
    { refused, refusedServices: 3, drift, p99Milliseconds: 8, owned: false },
  ]) {
    const { node, ...facts } = toldNode('n1', more)
    expect(readToldNode(object(node, facts))).toEqual([toldNode('n1', more)])
  }
})

test('of an object that says nothing yet nothing is read', () => {
  for (const status of [undefined, {}, { ready: true }]) {
    expect(readToldNode(object('n1', status))).toEqual([])
  }
})

test('what another version leaves out or writes otherwise is not known', () => {
  const status = { observedAt: '2026-01-01T00:00:00Z', ready: 'yes', repairs: '3', refused: 'all' }
  expect(readToldNode(object('n1', status))).toEqual([
    {
      ...{ node: 'n1', observedAt: '2026-01-01T00:00:00Z', startedAt: '', version: '' },
      ...{ backend: null, scope: null, owned: null, ready: false, reason: '' },
      ...{ p99Milliseconds: null, changes: 0, lastChangeAt: null, comparedAt: null, repairs: 0 },
      ...{ drift: null, refused: [], refusedServices: 0 },
    },
  ])
})

test('anything can be read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (drift, refused) => {
      const status = { observedAt: '2026-01-01T00:00:00Z', drift, refused, repairs: drift }
      expect(readToldNode(object('n1', status))).toHaveLength(1)
      expect(readToldNode(object('n1', drift)).length).toBeLessThanOrEqual(1)
    }),
  )
})

test('a time that is none is not known', () => {
  const bad = { lastChangeAt: 'soon', comparedAt: '', startedAt: 'x', drift: { since: 'y' } }
  expect(readToldNode(object('n1', { observedAt: '2026-01-01T00:00:00Z', ...bad }))).toMatchObject([
    { lastChangeAt: null, comparedAt: null, startedAt: '', drift: null },
  ])
  expect(readToldNode(object('n1', { observedAt: 'now', ready: true }))).toEqual([])
})
