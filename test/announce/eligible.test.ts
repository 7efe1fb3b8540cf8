import { describe, expect, test } from 'vitest'
import { eligible } from '../../src/announce/eligible.ts'
import { announcingLinks, interfacesFor } from '../../src/announce/links.ts'
import type { AnnounceObjects } from '../../src/announce/objects.ts'
import { leftOutOf } from '../../src/announce/why-not.ts'
import type { Address } from '../../src/model/address.ts'
import { excludedInterfaces } from '../../src/model/announce-settings.ts'
import {
  advertisement,
  everybody,
  labels,
  link,
  node,
  objects,
  pool,
  select,
  service,
} from './objects.ts'

/** The Nodes that may announce each address, with why not the others. */
function judged(rest: Partial<AnnounceObjects>, settings = {}) {
  const { addresses, silences, problems } = eligible(objects(rest), { ...everybody, ...settings })
  return {
    candidates: Object.fromEntries(
      addresses.map((each) => [each.address, [...each.candidates.keys()]]),
    ),
    leftOut: Object.fromEntries(
      addresses.flatMap((each) => leftOutOf(each).map(({ node, reason }) => [node, reason])),
    ),
    silences: silences.map(({ service, reason }) => [service, reason]),
    problems,
    addresses,
  }
}

const nobody = { candidates: {}, leftOut: {} }

describe('a Service', () => {
  test('is announced by all Nodes if nothing speaks against it', () => {
    expect(judged({})).toMatchObject({
      candidates: { '192.0.2.1': ['n1', 'n2', 'n3'] },
      leftOut: {},
      silences: [],
      problems: [],
    })
  })

  test('without an endpoint that can serve is announced by nobody', () => {
    const silences = [['shop/web', { kind: 'no-endpoint' }]]
    expect(judged({ endpoints: [] })).toMatchObject({ ...nobody, silences })
    const none = [{ service: 'shop/web', any: false, nodes: [] }]
    expect(judged({ endpoints: none })).toMatchObject({ ...nobody, silences })
  })

  test('with endpoints on no Node, as with ones outside of the cluster, is announced', () => {
    const endpoints = [{ service: 'shop/web', any: true, nodes: [] }]
    expect(judged({ endpoints }).candidates).toEqual({ '192.0.2.1': ['n1', 'n2', 'n3'] })
  })

  test('without an address waits', () => {
    const silences = [['shop/web', { kind: 'no-address' }]]
    expect(judged({ services: [service('web', [])] })).toMatchObject({ ...nobody, silences })
  })

  test('of a class is announced if the class is ours', () => {
    const services = [service('web', ['192.0.2.1'], { class: 'example.com/lb' })]
    const silences = [['shop/web', { kind: 'other-class', class: 'example.com/lb' }]]
    expect(judged({ services })).toMatchObject({ ...nobody, silences })
    const ours = judged({ services }, { classes: ['example.com/lb'] })
    expect(ours.candidates).toEqual({ '192.0.2.1': ['n1', 'n2', 'n3'] })
  })

  test('of policy Local is announced by the Nodes with an endpoint', () => {
    const read = judged({
      services: [service('web', ['192.0.2.1'], { local: true })],
      endpoints: [
        { service: 'shop/web', any: true, nodes: ['n2'] },
        { service: 'shop/web', any: true, nodes: ['n3', 'gone'] },
      ],
    })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n2', 'n3'] })
    expect(read.leftOut).toEqual({ n1: { kind: 'no-endpoint', service: 'shop/web' } })
  })

  test('of policy Local with endpoints on no Node that may is announced by nobody', () => {
    const read = judged({
      nodes: [node('n1'), node('n2', { networkUnavailable: true })],
      services: [service('web', ['192.0.2.1'], { local: true })],
      endpoints: [{ service: 'shop/web', any: true, nodes: ['n2'] }],
    })
    const why = [
      { reason: { kind: 'no-endpoint', service: 'shop/web' }, nodes: ['n1'] },
      { reason: { kind: 'network-unavailable' }, nodes: ['n2'] },
    ]
    const silences = [['shop/web', { kind: 'no-node', address: '192.0.2.1', why }]]
    expect(read).toMatchObject({ ...nobody, silences })
  })
})

describe('a pool', () => {
  test('is found by the address, not by a name', () => {
    const pools = [pool('a', ['192.0.2.0/25']), pool('b', ['192.0.2.128/25'])]
    const advertisements = [advertisement('b', { pools: { names: ['b'], selectors: [] } })]
    const services = [service('low', ['192.0.2.1']), service('web', ['192.0.2.200'])]
    expect(judged({ pools, advertisements, services })).toMatchObject({
      candidates: { '192.0.2.200': ['n1', 'n2', 'n3'] },
      silences: [['shop/low', { kind: 'no-advertisement', pool: 'a' }]],
    })
  })

  test('has to have all addresses of a Service', () => {
    const pools = [pool('a', ['192.0.2.0/25']), pool('b', ['192.0.2.128/25'])]
    const services = [
      service('outside', ['192.0.2.1', '198.51.100.1']),
      service('two', ['192.0.2.200', '192.0.2.1']),
    ]
    expect(judged({ pools, services })).toMatchObject({
      ...nobody,
      silences: [
        ['shop/outside', { kind: 'no-pool', address: '198.51.100.1' }],
        ['shop/two', { kind: 'pools-differ', pools: ['a', 'b'] }],
      ],
    })
  })

  test('that is older has the addresses that two have', () => {
    const pools = [
      pool('new', ['192.0.2.0/24'], { created: '2026-02-01T00:00:00Z' }),
      pool('old', ['192.0.2.0/25'], { created: '2026-01-01T00:00:00Z' }),
    ]
    const advertisements = [advertisement('new', { pools: { names: ['new'], selectors: [] } })]
    expect(judged({ pools, advertisements }).silences).toEqual([
      ['shop/web', { kind: 'no-advertisement', pool: 'old' }],
    ])
  })

  test('is selected by name or by labels', () => {
    const pools = [pool('a', ['192.0.2.0/24'], { labels: labels({ zone: 'x' }) })]
    const rule = (names: string[], zone: string) => [
      advertisement('ad', { pools: { names, selectors: [select({ zone })] } }),
    ]
    const candidates = { '192.0.2.1': ['n1', 'n2', 'n3'] }
    expect(judged({ pools, advertisements: rule(['a'], 'y') }).candidates).toEqual(candidates)
    expect(judged({ pools, advertisements: rule([], 'x') }).candidates).toEqual(candidates)
    expect(judged({ pools, advertisements: rule([], 'y') }).candidates).toEqual({})
  })

  test('that an advertisement names and that is not there is told', () => {
    const advertisements = [advertisement('ad', { pools: { names: ['al', 'all'], selectors: [] } })]
    expect(judged({ advertisements })).toMatchObject({
      candidates: { '192.0.2.1': ['n1', 'n2', 'n3'] },
      problems: [
        {
          object: 'L2Advertisement/ad',
          message:
            'There is no IPAddressPool al, which it names; correct the name, or create the pool',
        },
      ],
    })
  })
})

describe('an L2Advertisement', () => {
  test('has to be there', () => {
    const silences = [['shop/web', { kind: 'no-advertisement', pool: 'all' }]]
    expect(judged({ advertisements: [] })).toMatchObject({ ...nobody, silences })
  })

  test('with serviceSelectors is for the Services that one of them selects', () => {
    const services = [
      service('api', ['192.0.2.2'], { labels: labels({ app: 'api' }) }),
      service('web', ['192.0.2.1'], { labels: labels({ app: 'web' }) }),
    ]
    const advertisements = [
      advertisement('some', { services: [select({ app: 'x' }), select({ app: 'web' })] }),
    ]
    expect(judged({ services, advertisements })).toMatchObject({
      candidates: { '192.0.2.1': ['n1', 'n2', 'n3'] },
      silences: [
        ['shop/api', { kind: 'service-not-selected', pool: 'all', advertisements: ['some'] }],
      ],
    })
  })

  test('with serviceSelectors is not for Services that may share, not even beside another', () => {
    const services = [
      service('web', ['192.0.2.1'], { shares: true, labels: labels({ app: 'web' }) }),
    ]
    const advertisements = [
      advertisement('all'),
      advertisement('some', { services: [select({ app: 'web' })] }),
    ]
    const silences = [['shop/web', { kind: 'sharing-selected', advertisement: 'some' }]]
    expect(judged({ services, advertisements })).toMatchObject({ ...nobody, silences })
    const others = [advertisement('all'), advertisement('some', { services: [select({ a: 'b' })] })]
    expect(judged({ services, advertisements: others }).silences).toEqual([])
  })

  test('with nodeSelectors is for the Nodes that one of any selects', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((zone, i) => node(`n${i}`, { labels: labels({ zone }) }))
    const advertisements = [
      advertisement('one', { nodes: [select({ zone: 'a' }), select({ zone: 'b' })] }),
      advertisement('two', { nodes: [select({ zone: 'c' })] }),
    ]
    const read = judged({ nodes, advertisements })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n0', 'n1', 'n2'] })
    expect(read.leftOut).toEqual({
      n3: { kind: 'not-selected', advertisements: ['one', 'two'] },
    })
  })

  test('none of whose nodeSelectors can be read is for no Node', () => {
    const why = [
      { reason: { kind: 'not-selected', advertisements: ['ad'] }, nodes: ['n1', 'n2', 'n3'] },
    ]
    expect(judged({ advertisements: [advertisement('ad', { nodes: [] })] }).silences).toEqual([
      ['shop/web', { kind: 'no-node', address: '192.0.2.1', why }],
    ])
  })

  test('that is for no Node leaves each address of a Service silent', () => {
    const read = judged({
      services: [service('web', ['192.0.2.1', '2001:db8::1']), service('api', ['192.0.2.2'])],
      advertisements: [advertisement('ad', { nodes: [] })],
    })
    expect(read.silences).toMatchObject([
      ['shop/api', { address: '192.0.2.2' }],
      ['shop/web', { address: '192.0.2.1' }],
      ['shop/web', { address: '2001:db8::1' }],
    ])
  })

  test('adds its weights to those of the others, for the Nodes that it selects itself', () => {
    const nodes = [
      node('both', { labels: labels({ role: 'lb', zone: 'a' }) }),
      node('one', { labels: labels({ role: 'lb' }) }),
      node('other', { labels: labels({ zone: 'a' }) }),
      node('none'),
    ]
    const advertisements = [
      advertisement('all', { preferred: [{ weight: 5, nodes: select({}) }] }),
      advertisement('lb', {
        nodes: [select({ role: 'lb' })],
        preferred: [
          { weight: 60, nodes: select({ zone: 'a' }) },
          { weight: 50, nodes: select({ role: 'lb' }) },
        ],
      }),
    ]
    const [address] = judged({ nodes, advertisements }).addresses
    const found = [...(address?.candidates ?? [])].map(([name, each]) => [name, each.preference])
    expect(Object.fromEntries(found)).toEqual({ both: 115, one: 55, other: 5, none: 5 })
  })
})

describe('a Node', () => {
  test.each([
    [{ networkUnavailable: true }, { kind: 'network-unavailable' }],
    [{ departure: 'deleted' as const }, { kind: 'departing', departure: 'deleted' }],
    [{ departure: 'autoscaler' as const }, { kind: 'departing', departure: 'autoscaler' }],
    [{ departure: 'shutdown' as const }, { kind: 'departing', departure: 'shutdown' }],
    [
      { labels: labels({ 'node.kubernetes.io/exclude-from-external-load-balancers': '' }) },
      { kind: 'excluded' },
    ],
  ])('with %o is left out', (rest, reason) => {
    const read = judged({ nodes: [node('n1', rest), node('n2')] })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n2'] })
    expect(read.leftOut).toEqual({ n1: reason })
  })

  test('with the exclude label counts if the label is ignored', () => {
    const name = 'node.kubernetes.io/exclude-from-external-load-balancers'
    const nodes = [node('n1', { labels: labels({ [name]: 'true' }) })]
    const read = judged({ nodes }, { ignoreExcludeLabel: true })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n1'] })
  })

  test('without the agent is left out where it is known who has one', () => {
    const read = judged({}, { agents: new Set(['n1', 'n3']) })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n1', 'n3'] })
    expect(read.leftOut).toEqual({ n2: { kind: 'no-agent' } })
  })

  test('without which it is tried is left out', () => {
    const read = judged({}, { away: new Set(['n1']) })
    expect(read.leftOut).toEqual({ n1: { kind: 'away' } })
  })
})

describe('an address that Services share', () => {
  const shared = (name: string, rest = {}) =>
    service(name, ['192.0.2.1'], { shares: true, local: true, ...rest })

  test('has the Nodes that may announce for all of them', () => {
    const read = judged({
      services: [shared('a'), shared('b'), shared('c', { local: false })],
      endpoints: [
        { service: 'shop/a', any: true, nodes: ['n1', 'n2'] },
        { service: 'shop/b', any: true, nodes: ['n2', 'n3'] },
        { service: 'shop/c', any: true, nodes: [] },
      ],
    })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n2'] })
    expect(read.leftOut).toEqual({
      n1: { kind: 'no-endpoint', service: 'shop/b' },
      n3: { kind: 'no-endpoint', service: 'shop/a' },
    })
    expect(read.problems).toEqual([])
    expect(read.addresses[0]?.bids.map((bid) => bid.service)).toEqual([
      'shop/a',
      'shop/b',
      'shop/c',
    ])
  })

  test('without such a Node has those of any, and it is told', () => {
    const read = judged({
      services: [shared('a'), shared('b')],
      endpoints: [
        { service: 'shop/a', any: true, nodes: ['n1'] },
        { service: 'shop/b', any: true, nodes: ['n3'] },
      ],
    })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n1', 'n3'] })
    expect(read.problems).toMatchObject([{ object: 'Service/shop/a' }])
    expect(read.problems[0]?.message).toContain('192.0.2.1 with shop/b')
  })

  test('has what the advertisements of all of them allow: the interfaces of each', () => {
    const interfacesOf = (first: readonly string[] | undefined) => {
      const services = ['a', 'b', 'c'].map((app) =>
        service(app, ['192.0.2.1'], { local: app !== 'c', labels: labels({ app }) }),
      )
      const of = (app: string, interfaces: readonly string[] | undefined, weight: number) =>
        advertisement(app, {
          services: [select({ app })],
          interfaces,
          preferred: [{ weight, nodes: select({}) }],
        })
      const read = judged({
        services,
        advertisements: [of('a', first, 5), of('b', ['eth1'], 9), of('c', ['eth2'], 7)],
        endpoints: [
          { service: 'shop/a', any: true, nodes: ['n1', 'n2'] },
          { service: 'shop/b', any: true, nodes: ['n2'] },
          { service: 'shop/c', any: true, nodes: [] },
        ],
      })
      expect(read.candidates).toEqual({ '192.0.2.1': ['n2'] })
      const found = read.addresses[0]?.candidates.get('n2')
      return [found?.preference, found?.interfaces && [...found.interfaces]]
    }
    expect(interfacesOf(['eth0', 'eth1'])).toEqual([9, ['eth0', 'eth1', 'eth2']])
    expect(interfacesOf(undefined)).toEqual([9, undefined])
  })

  test('that no Node may announce for all, but one for some, has what these allow', () => {
    const read = judged({
      services: [shared('a'), shared('b'), shared('c')],
      endpoints: [
        { service: 'shop/a', any: true, nodes: ['n1'] },
        { service: 'shop/b', any: true, nodes: ['n1', 'n2'] },
        { service: 'shop/c', any: true, nodes: ['n3'] },
      ],
    })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n1', 'n2', 'n3'] })
    expect(read.problems).toHaveLength(1)
  })

  test('does not ask one that has no endpoint', () => {
    const read = judged({
      services: [shared('a'), shared('b')],
      endpoints: [{ service: 'shop/a', any: true, nodes: ['n1'] }],
    })
    expect(read.candidates).toEqual({ '192.0.2.1': ['n1'] })
    expect(read).toMatchObject({ silences: [['shop/b', { kind: 'no-endpoint' }]], problems: [] })
  })
})

describe('interfaces', () => {
  function interfacesOf(ads: readonly (readonly string[] | undefined)[]) {
    const advertisements = ads.map((interfaces, i) => advertisement(`ad${i}`, { interfaces }))
    const [address] = judged({ advertisements }).addresses
    const found = address?.candidates.get('n1')?.interfaces
    return found && [...found]
  }

  test('of all advertisements for the Node count, and one without any opens all', () => {
    expect(interfacesOf([['eth1'], ['eth2', 'eth1']])).toEqual(['eth1', 'eth2'])
    expect(interfacesOf([['eth1'], undefined])).toBeUndefined()
  })

  test('none of which can be read leave no Node', () => {
    const read = judged({ advertisements: [advertisement('ad', { interfaces: [] })] })
    const why = [
      { reason: { kind: 'no-interface', advertisements: ['ad'] }, nodes: ['n1', 'n2', 'n3'] },
    ]
    expect(read.silences).toEqual([['shop/web', { kind: 'no-node', address: '192.0.2.1', why }]])
  })

  test('are those that are up, have carrier, broadcast and belong to no other', () => {
    const links = [
      link('eth1'),
      link('eth0'),
      link('down', { isUp: false }),
      link('unplugged', { hasCarrier: false }),
      link('wg0', { isBroadcast: false }),
      link('silent', { usesArp: false }),
      link('port', { hasMaster: true }),
    ]
    expect(announcingLinks(links, []).map(({ name }) => name)).toEqual(['eth0', 'eth1'])
  })

  test('are not those that are excluded', () => {
    const names = [
      'lo',
      'lo1',
      'docker0',
      'cali1',
      'eth0',
      'br-veth',
      'veth0',
      'kube-ipvs0',
      'lxc1',
    ]
    const links = names.map((name) => link(name))
    const unset = excludedInterfaces({ excludeInterfaces: undefined }, undefined)
    const left = announcingLinks(links, unset).map(({ name }) => name)
    expect(left).toEqual(['br-veth', 'eth0', 'lo1'])
    expect(announcingLinks(links, ['(', 'lo']).map(({ name }) => name)).not.toContain('lo1')
    expect(excludedInterfaces({ excludeInterfaces: [] }, ['lo'])).toEqual([])
    expect(excludedInterfaces({ excludeInterfaces: undefined }, ['lo'])).toEqual(['lo'])
  })

  test('answer for IPv6 only with a link-local address', () => {
    const links = [link('eth0', { hasLinkLocal: false }), link('eth1')]
    const all = { preference: 0, interfaces: undefined }
    expect(interfacesFor('2001:db8::1' as Address, all, links)).toEqual(['eth1'])
    expect(interfacesFor('192.0.2.1' as Address, all, links)).toEqual(['eth0', 'eth1'])
  })
})
