import { expect, test } from 'vitest'
import { audienceOf, poolsOf } from '../../src/allocate/pool-objects.ts'
import { decodeAddressPool } from '../../src/decode/allocation/address-pool.ts'
import { decodeNamespace } from '../../src/decode/allocation/namespace.ts'
import { said } from './said.ts'

function decode(spec: object, metadata: object = {}) {
  const named = { name: 'production', namespace: 'metallb-system', ...metadata }
  return decodeAddressPool({ metadata: named, spec }, 'pool.yaml')
}

function pool(spec: object, metadata?: object) {
  const result = decode({ addresses: ['192.0.2.0/24'], ...spec }, metadata)
  if (result.kind !== 'pool') throw new Error(JSON.stringify(said(result.problems)))
  return { ...result.pool, said: said(result.problems) }
}

function namespace(name: string, labels: object = {}) {
  const result = decodeNamespace({ metadata: { name, labels } }, 'namespaces.yaml')
  if (result.kind !== 'namespace') throw new Error(JSON.stringify(result))
  return result.namespace
}

const namespaces = [namespace('shop', { team: 'a' }), namespace('blog', { team: 'b' })]

/** The namespaces that may use the pool, `all` for all. */
function open(serviceAllocation: unknown) {
  const { pools, problems } = poolsOf([pool({ serviceAllocation })], namespaces)
  const names = pools[0]?.audience?.namespaces
  return { names: names ? [...names] : 'all', problems }
}

test('an IPAddressPool with defaults', () => {
  const { said: told, ...read } = pool({}, { creationTimestamp: '2026-01-31T12:00:00Z' })
  expect(told).toEqual([])
  expect(read).toEqual({
    name: 'production',
    origin: { kind: 'IPAddressPool', namespace: 'metallb-system' },
    created: '2026-01-31T12:00:00Z',
    ranges: [{ family: 'ipv4', first: 0xc0000200n, last: 0xc00002ffn }],
    automatic: true,
    avoidsEnds: false,
    audience: undefined,
  })
})

test('an IPAddressPool with all that it can say', () => {
  const read = pool({
    autoAssign: false,
    avoidBuggyIPs: true,
    serviceAllocation: {
      priority: 50,
      namespaces: ['shop'],
      namespaceSelectors: [{ matchLabels: { team: 'b' } }],
      serviceSelectors: [
        { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['test', 'dev'] }] },
        { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] },
      ],
    },
  })
  expect(read.said).toEqual([])
  expect(read).toMatchObject({ automatic: false, avoidsEnds: true })
  expect(read.audience).toEqual({
    priority: 50,
    namespaces: {
      names: ['shop'],
      selectors: [{ requirements: [{ key: 'team', operator: 'in', values: ['b'] }] }],
    },
    services: [
      { requirements: [{ key: 'tier', operator: 'not-in', values: ['test', 'dev'] }] },
      {
        requirements: [
          { key: 'app', operator: 'in', values: ['web'] },
          { key: 'x', operator: 'exists' },
        ],
      },
    ],
  })
})

test.each<[string, object]>([
  ['no spec', {}],
  ['no addresses', { spec: {} }],
  ['an empty list', { spec: { addresses: [] } }],
  ['no list', { spec: { addresses: '192.0.2.0/24' } }],
  ['bad entries alone', { spec: { addresses: ['x', 7] } }],
  ['no name', { metadata: {}, spec: { addresses: ['192.0.2.0/24'] } }],
])('a pool with %s is invalid and says why', (_, json) => {
  const result = decodeAddressPool({ metadata: { name: 'production' }, ...json }, 'pool.yaml')
  expect(result.kind).toBe('invalid')
  expect(result.problems).not.toEqual([])
})

test('flags that cannot be read give less, not more', () => {
  const read = pool({ autoAssign: 'yes', avoidBuggyIPs: 1 })
  expect(read).toMatchObject({ automatic: false, avoidsEnds: true })
  expect(read.said).toEqual([
    'spec.autoAssign: found "yes", expected true or false',
    'spec.avoidBuggyIPs: found 1, expected true or false',
  ])
})

test.each([
  ['nothing about namespaces', {}, 'all'],
  ['a priority alone', { priority: 3 }, 'all'],
  ['empty lists', { namespaces: [], namespaceSelectors: [] }, 'all'],
  ['a name', { namespaces: ['shop'] }, ['shop']],
  ['a name without a Namespace object', { namespaces: ['lab'] }, ['lab']],
  ['a selector', { namespaceSelectors: [{ matchLabels: { team: 'b' } }] }, ['blog']],
  ['an empty selector', { namespaceSelectors: [{}] }, ['shop', 'blog']],
  [
    'a name and a selector',
    { namespaces: ['lab'], namespaceSelectors: [{ matchLabels: { team: 'b' } }] },
    ['lab', 'blog'],
  ],
])('serviceAllocation with %s', (_, rule, expected) => {
  expect(open(rule)).toEqual({ names: expected, problems: [] })
})

test.each<[string, unknown, RegExp]>([
  [
    'selectors that match no Namespace',
    { namespaceSelectors: [{ matchLabels: { team: 'c' } }] },
    /namespaceSelectors match no Namespace/,
  ],
  ['no object', 'shop', /serviceAllocation cannot be read/],
  ['bad names alone', { namespaces: ['Shop!'] }, /serviceAllocation cannot be read/],
  ['namespaces that are no list', { namespaces: 'shop' }, /cannot be read/],
  ['a misspelt selector', { namespaceSelectors: [{ matchLabel: {} }] }, /cannot be read/],
  ['bad service selectors alone', { serviceSelectors: [7] }, /cannot be read/],
])('serviceAllocation with %s admits no Service, and that is told', (_, rule, told) => {
  const { names, problems } = open(rule)
  expect(names).toEqual([])
  expect(problems).toEqual([
    { object: 'IPAddressPool/production', message: expect.stringMatching(told) },
  ])
})

test.each<[string, object, string]>([
  ['a namespace', { namespaces: ['shop', 'shop'] }, 'namespaces[1]'],
  ['a namespace selector', { namespaceSelectors: [{}, {}] }, 'namespaceSelectors[1]'],
  [
    'a service selector',
    { serviceSelectors: [{ matchLabels: { a: 'b' } }, { matchLabels: { a: 'b' } }] },
    'serviceSelectors[1]',
  ],
])('%s that is listed twice is told', (_, serviceAllocation, place) => {
  const { said } = pool({ serviceAllocation })
  expect(said).toEqual([expect.stringContaining(`serviceAllocation.${place}`)])
  expect(said[0]).toContain('each entry once; it counts once')
})

test.each<[object, string]>([
  [{ matchLabels: { team: 7 } }, 'matchLabels.team: found 7'],
  [{ matchLabel: { team: 'a' } }, 'matchLabel: found an unknown field'],
  [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }, 'operator: found "Is"'],
  [{ matchExpressions: [{ key: 'a', operator: 'In' }] }, 'values: found an empty list'],
  [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] }, 'values: found a list'],
  [{ matchExpressions: [{ operator: 'Exists' }] }, 'key: found nothing'],
])('the selector %j is left out as a whole', (selector, told) => {
  const good = { matchLabels: { app: 'web' } }
  const { audience, said } = pool({ serviceAllocation: { serviceSelectors: [selector, good] } })
  expect(audience?.services).toHaveLength(1)
  expect(said).toEqual([expect.stringContaining(told)])
})

test('a selector may ask that a label is missing', () => {
  const selector = { matchExpressions: [{ key: 'internal', operator: 'DoesNotExist' }] }
  const { audience, said } = pool({ serviceAllocation: { serviceSelectors: [selector] } })
  const requirements = [{ key: 'internal', operator: 'does-not-exist' }]
  expect(audience?.services).toEqual([{ requirements }])
  expect(said).toEqual([])
})

test('who may get from a pool changes with the labels of the Namespaces', () => {
  const { audience } = pool({
    serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'a' } }], priority: 7 },
  })
  if (audience === undefined) throw new Error('open to all')
  const open = { priority: 7, services: [] }
  expect(audienceOf(audience, namespaces)).toEqual({ ...open, namespaces: new Set(['shop']) })
  const relabelled = [namespace('shop'), namespace('blog', { team: 'a' })]
  expect(audienceOf(audience, relabelled)).toEqual({ ...open, namespaces: new Set(['blog']) })
})

test('of two pools of one name the older counts, in whatever order they come', () => {
  const older = pool({}, { namespace: 'b', creationTimestamp: '2026-01-01T00:00:00Z' })
  const younger = pool({}, { namespace: 'a', creationTimestamp: '2026-01-02T00:00:00Z' })
  for (const objects of [
    [older, younger],
    [younger, older],
  ]) {
    const { pools, problems } = poolsOf(objects, [])
    expect(pools.map(({ created }) => created)).toEqual(['2026-01-01T00:00:00Z'])
    expect(problems).toEqual([
      { object: 'IPAddressPool/production', message: expect.stringMatching(/older pool/) },
    ])
  }
})

test('a label that is no text is told and left out', () => {
  const json = { metadata: { name: 'shop', labels: { a: 'b', c: 1 } } }
  const result = decodeNamespace(json, 'namespaces.yaml')
  expect(result).toMatchObject({ kind: 'namespace', namespace: { name: 'shop' } })
  expect(result.kind === 'namespace' && [...result.namespace.labels]).toEqual([['a', 'b']])
  expect(said(result.problems)).toEqual([expect.stringContaining('metadata.labels.c: found 1')])
})
