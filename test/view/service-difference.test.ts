import { describe, expect, test } from 'vitest'
import { printDifference } from '../../src/cli/print-difference.ts'
import type { HeldFrontend } from '../../src/frontend/held-frontend.ts'
import { nodePortKey, vipKey } from '../../src/model/frontend-id.ts'
import { type Tuple, tuple } from '../../src/model/tuple.ts'
import type { ShownOperation } from '../../src/plan/explain.ts'
import { type ServiceDifference, serviceDifference } from '../../src/view/service-difference.ts'

/** What `diff` says of frontends before and after. */

function pods(...numbers: readonly number[]): readonly Tuple[] {
  return numbers.map((number) => tuple(`10.244.1.${number}`, 8080))
}

const web: HeldFrontend = {
  ...{ family: 'ip', id: vipKey('203.0.113.1', 'tcp', 80), label: 'shop/web:http load-balancer' },
  ...{ endpoints: pods(1, 2), isLocal: false, inside: undefined },
  ...{ unserved: undefined, sources: undefined, remembered: undefined },
}
const local: HeldFrontend = { ...web, isLocal: true, endpoints: pods(1), inside: pods(1, 2) }
const refusing: HeldFrontend = { ...web, endpoints: [], unserved: 'reject' }

function differs(
  before: readonly HeldFrontend[],
  after: readonly HeldFrontend[],
  operations: readonly ShownOperation[] = [],
): ServiceDifference {
  const frontends = { before, after }
  return serviceDifference({ frontends, operations, nameOf: String, isOneTransaction: true })
}

const OPERATION: ShownOperation = {
  ...{ kind: 'add-element', family: 'ip', owner: 'shop/web:http load-balancer' },
  ...{ about: 'rules', sign: '+', text: 'element' },
}

/** The lines below the heading of the one entry. */
function said(before: HeldFrontend | undefined, after: HeldFrontend | undefined): string {
  const view = differs(before ? [before] : [], after ? [after] : [], [OPERATION])
  const text = printDifference(view, { colour: false, columns: undefined, full: false })
  return text
    .split('\n')
    .slice(1, -3)
    .map((line) => line.trim())
    .join('\n')
}

describe('one frontend', () => {
  test.each<[string, HeldFrontend | undefined, HeldFrontend | undefined, string]>([
    [
      'that comes without endpoints',
      undefined,
      refusing,
      '~ no endpoint here               connections are refused',
    ],
    [
      'whose only endpoints are elsewhere now',
      local,
      { ...local, endpoints: [], inside: pods(1, 2), unserved: 'drop' },
      '- endpoint 10.244.1.1:8080       1 -> 0 endpoints: dropped here, other Nodes have some',
    ],
    [
      'that is refused where it was dropped, as nobody has endpoints any more',
      { ...local, endpoints: [], unserved: 'drop' },
      { ...refusing, isLocal: false },
      '~ no endpoint here               connections are refused',
    ],
    [
      'of policy Local, for which an endpoint of another Node comes',
      local,
      { ...local, inside: pods(1, 2, 3) },
      '+ endpoint for pods and the node 10.244.1.3:8080',
    ],
    [
      'of policy Local, for which an endpoint here comes',
      local,
      { ...local, endpoints: pods(1, 3), inside: pods(1, 2, 3) },
      '+ endpoint 10.244.1.3:8080       1 -> 2 endpoints, on this node',
    ],
    [
      'that nobody may reach any more, but the node itself',
      web,
      { ...web, sources: ['203.0.113.1'] },
      '+ only for nobody (loadBalancerSourceRanges)',
    ],
    [
      'with many new endpoints, of which some are named',
      { ...web, endpoints: pods(1) },
      { ...web, endpoints: pods(1, 2, 3, 4, 5, 6, 7, 8) },
      '+ endpoints 10.244.1.2:8080, 10.244.1.3:8080, 10.244.1.4:8080, 10.244.1.5:8080, 10.244.1.6:8080 and 2 more  1 -> 8 endpoints, each 1/8',
    ],
    [
      'whose drained endpoint goes, as its last connection has ended',
      { ...web, draining: pods(3, 4) },
      { ...web, endpoints: pods(1, 2), draining: pods(4) },
      '- drained 10.244.1.3:8080',
    ],
    [
      'of UDP, where no connection can go on',
      { ...web, id: vipKey('203.0.113.1', 'udp', 53) },
      undefined,
      '- 2 endpoints',
    ],
    ['that goes and had no endpoints', refusing, undefined, '- 0 endpoints'],
    [
      'of IPv6',
      undefined,
      { ...web, family: 'ip6', endpoints: [tuple('fd00::1', 8080)] },
      '+ endpoint [fd00::1]:8080',
    ],
  ])('%s', (_, before, after, text) => {
    expect(said(before, after)).toBe(text)
  })

  test('that says nothing of itself is told all the same, when it comes', () => {
    const empty = { ...web, endpoints: [] }
    expect(differs([], [empty]).services).toHaveLength(1)
    expect(differs([empty], [empty]).services).toEqual([])
  })
})

test('addresses that change alike share an entry, those for clients outside first', () => {
  const at = (kind: string, id: Tuple): HeldFrontend => ({
    ...web,
    id,
    label: `shop/web:http ${kind}`,
  })
  const all = [
    at('cluster-ip', vipKey('10.96.0.1', 'tcp', 80)),
    at('node-port', nodePortKey('tcp', 30080)),
    at('external-ip', vipKey('198.51.100.7', 'tcp', 80)),
    at('load-balancer', vipKey('203.0.113.2', 'tcp', 80)),
    web,
  ]
  const grown = all.map((each) => ({ ...each, endpoints: pods(1, 2, 3) }))
  const { ports, services } = differs(all, grown)
  expect(ports.map(({ addresses }) => addresses)).toEqual([
    [
      ...['203.0.113.1:80/tcp', '203.0.113.2:80/tcp', '198.51.100.7:80/tcp'],
      ...['*:30080/tcp', '10.96.0.1:80/tcp'],
    ],
  ])
  expect(services.map(({ address }) => address)).toEqual(ports[0]?.addresses)
  const text = printDifference(differs(all, grown), { colour: false, columns: 60, full: false })
  expect(text).toBe(
    [
      '~ shop/web:http  203.0.113.1:80/tcp, 203.0.113.2:80/tcp,',
      '    198.51.100.7:80/tcp, *:30080/tcp, 10.96.0.1:80/tcp',
      '    + endpoint 10.244.1.3:8080',
      '      2 -> 3 endpoints, each 1/3',
      '',
      '0 operations',
      '',
    ].join('\n'),
  )
})

test('Services are counted once, however many addresses they have', () => {
  const other = { ...web, id: vipKey('203.0.113.9', 'tcp', 80) }
  const api = { ...web, id: vipKey('203.0.113.3', 'tcp', 80), label: 'shop/api:http load-balancer' }
  expect(differs([], [web, other]).counts).toEqual({ added: 1, changed: 0, removed: 0 })
  expect(differs([web], [web, other]).counts).toEqual({ added: 0, changed: 1, removed: 0 })
  expect(differs([web, other], [api]).counts).toEqual({ added: 1, changed: 0, removed: 1 })
})

describe('operations', () => {
  const shared: ShownOperation = { ...OPERATION, owner: undefined, text: 'a rule for three' }
  const foreign: ShownOperation = { ...shared, sign: '-', text: 'a rule of others', foreign: true }
  const ofService: ShownOperation = { ...OPERATION, owner: 'shop/web', text: 'its ClusterIP' }

  test('stand with the Service that explains them; those of others stand apart', () => {
    const grown = { ...web, endpoints: pods(1, 2, 3) }
    const all = [OPERATION, ofService, OPERATION, shared, foreign]
    const { ports, shared: common, drift, operations } = differs([web], [grown], all)
    const element = { sign: '+', text: 'element' }
    expect(ports[0]?.operations).toEqual([{ sign: '+', text: 'its ClusterIP' }, element, element])
    const title = 'rules'
    expect(common).toEqual([{ title, operations: [{ sign: '+', text: 'a rule for three' }] }])
    expect(drift).toEqual([{ title, operations: [{ sign: '-', text: 'a rule of others' }] }])
    expect(operations).toBe(5)
  })

  test('are explained by nothing where no frontend changes', () => {
    const view = differs([web], [web], [OPERATION, shared])
    expect(view.ports).toEqual([])
    expect(view.drift.map(({ title }) => title)).toEqual(['shop/web:http load-balancer', 'rules'])
    const text = printDifference(view, { colour: false, columns: 80, full: false })
    expect(text).toBe(
      [
        'not explained by any Service',
        '    + element',
        '    + a rule for three',
        '',
        'No Service changes; 2 operations in one transaction.',
        '',
      ].join('\n'),
    )
  })

  test('of which there are too many are counted', () => {
    const many = differs([web], [web], Array(25).fill(OPERATION))
    const look = { colour: false, columns: 80, full: false }
    expect(printDifference(many, look)).toContain('    and 5 more; --full shows them\n')
    expect(printDifference(many, { ...look, full: true })).not.toContain('more')
  })
})
