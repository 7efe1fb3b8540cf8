import { describe, expect, test } from 'vitest'
import { decodeBgpAdvertisement } from '../../src/decode/announcing/bgp-advertisement.ts'
import { decodeBfdProfile } from '../../src/decode/announcing/bgp-bfd-profile.ts'
import { decodeCommunity } from '../../src/decode/announcing/bgp-community.ts'
import { decodeBgpSecret } from '../../src/decode/announcing/bgp-secret.ts'
import { said } from './said.ts'

const metadata = { name: 'web', namespace: 'metallb-system' }
const zone = { requirements: [{ key: 'zone', operator: 'in', values: ['a'] }] }
const selector = { matchLabels: { zone: 'a' } }

describe('a BGPAdvertisement', () => {
  function read(spec: unknown) {
    const decoded = decodeBgpAdvertisement({ metadata, spec }, 'x.yaml')
    const value = decoded.kind === 'advertisement' ? decoded.advertisement : decoded.kind
    return { value, said: said(decoded.problems) }
  }

  const everything = {
    ...{ name: 'web', pools: undefined, nodes: undefined, services: undefined, peers: undefined },
    ...{ lengths: { ipv4: 32, ipv6: 128 }, localPref: undefined, communities: [] },
  }

  test.each([[undefined], [null], [{}], [{ peers: [], localPref: 0, communities: null }]])(
    'with the specification %j is for everything',
    (spec) => {
      expect(read(spec)).toEqual({ value: everything, said: [] })
    },
  )

  test('has all that it can say', () => {
    const spec = {
      aggregationLength: 24,
      aggregationLengthV6: 64,
      localPref: 4294967295,
      communities: ['64500:1', 'customers'],
      ipAddressPools: ['production'],
      ipAddressPoolSelectors: [selector],
      nodeSelectors: [selector],
      peers: ['tor-a'],
    }
    expect(read(spec)).toEqual({
      value: {
        ...everything,
        lengths: { ipv4: 24, ipv6: 64 },
        localPref: 4294967295,
        communities: ['64500:1', 'customers'],
        pools: { names: ['production'], selectors: [zone] },
        nodes: [zone],
        peers: ['tor-a'],
      },
      said: [],
    })
    expect(read({ serviceSelectors: [selector], aggregationLength: 32 }).value).toEqual({
      ...everything,
      services: [zone],
    })
  })

  test.each([
    [{ peers: [7] }, { peers: [] }],
    [{ peers: 'tor' }, { peers: [] }],
    [{ ipAddressPools: [7] }, { pools: { names: [], selectors: [] } }],
    [{ nodeSelectors: [{ matchLabel: {} }] }, { nodes: [] }],
    [{ serviceSelectors: {} }, { services: [] }],
  ])('with %j means nothing there rather than everything', (spec, rest) => {
    const { value, said: told } = read(spec)
    expect(value).toEqual({ ...everything, ...rest })
    expect(told).toHaveLength(1)
  })

  const INT32 = 'found 33, expected a whole number from 1 to 32'

  test.each([
    [{ aggregationLength: 33 }, `spec.aggregationLength: ${INT32}`],
    [
      { aggregationLength: 0 },
      'spec.aggregationLength: found 0, expected a whole number from 1 to 32',
    ],
    [
      { aggregationLengthV6: 129 },
      'spec.aggregationLengthV6: found 129, expected a whole number from 1 to 128',
    ],
    [{ localPref: -1 }, 'spec.localPref: found -1, expected a whole number from 0 to 4294967295'],
    [
      { communities: ['64500:1', 7] },
      'spec.communities[1]: found 7, expected a community or the name of one',
    ],
    [{ communities: 'x' }, 'spec.communities: found "x", expected a list'],
    [
      { serviceSelectors: [selector], aggregationLength: 24 },
      'spec.serviceSelectors: found a list, expected no serviceSelectors beside other lengths of aggregation than 32 and 128',
    ],
    [
      { serviceSelectors: [selector], aggregationLengthV6: 64 },
      'spec.serviceSelectors: found a list, expected no serviceSelectors beside other lengths of aggregation than 32 and 128',
    ],
    ['all', 'spec: found "all", expected an object'],
  ])('with %j is invalid', (spec, line) => {
    expect(read(spec)).toEqual({ value: 'invalid', said: [line] })
  })

  test('has each entry of a list once, and tells of the second', () => {
    const found = read({ communities: ['64500:1', '64500:1'], peers: ['tor', 'tor'] })
    expect(found.value).toEqual({ ...everything, communities: ['64500:1'], peers: ['tor'] })
    expect(found.said).toEqual([
      'spec.communities[1]: found "64500:1", expected each entry once; it counts once',
      'spec.peers[1]: found "tor", expected each entry once; it counts once',
    ])
  })
})

describe('a BFDProfile', () => {
  function read(spec: unknown) {
    const decoded = decodeBfdProfile({ metadata, spec }, 'x.yaml')
    const value = decoded.kind === 'profile' ? decoded.profile : decoded.kind
    return { value, said: said(decoded.problems) }
  }

  test('without a namespace is of the namespace default, as in a file', () => {
    const decoded = decodeBfdProfile({ metadata: { name: 'fast' }, spec: {} }, 'x.yaml')
    expect(decoded).toMatchObject({ profile: { name: 'fast', namespace: 'default' }, problems: [] })
  })

  test('has all that it can say, and nothing that it does not say', () => {
    const spec = {
      ...{ receiveInterval: 10, transmitInterval: 60_000, echoInterval: 50, detectMultiplier: 2 },
      ...{ minimumTtl: 254, echoMode: true, passiveMode: true },
    }
    expect(read(spec)).toEqual({ value: { ...metadata, ...spec }, said: [] })
    const nothing = { receiveInterval: undefined, transmitInterval: undefined }
    expect(read(undefined).value).toEqual({
      ...{ ...metadata, ...nothing, echoInterval: undefined, detectMultiplier: undefined },
      ...{ minimumTtl: undefined, echoMode: false, passiveMode: false },
    })
  })

  test.each([
    [
      { receiveInterval: 9 },
      'receiveInterval: found 9, expected a whole number of milliseconds from 10 to 60000',
    ],
    [
      { transmitInterval: 60_001 },
      'transmitInterval: found 60001, expected a whole number of milliseconds from 10 to 60000',
    ],
    [
      { echoInterval: '50' },
      'echoInterval: found "50", expected a whole number of milliseconds from 10 to 60000',
    ],
    [{ detectMultiplier: 1 }, 'detectMultiplier: found 1, expected a whole number from 2 to 255'],
    [{ minimumTtl: 255 }, 'minimumTtl: found 255, expected a whole number from 1 to 254'],
    [{ echoMode: 'on' }, 'echoMode: found "on", expected true or false'],
  ])('with %j is invalid', (spec, line) => {
    expect(read(spec)).toEqual({ value: 'invalid', said: [`spec.${line}`] })
  })
})

describe('a Community', () => {
  function read(communities: unknown) {
    const decoded = decodeCommunity({ metadata, spec: { communities } }, 'x.yaml')
    const value = decoded.kind === 'community' ? decoded.community : decoded.kind
    return { value, said: said(decoded.problems) }
  }

  test('has names for values', () => {
    const found = read([
      { name: 'no-export', value: '65535:65281' },
      { name: 'customers', value: 'large:64500:1:4294967295' },
    ])
    expect(found).toEqual({
      value: {
        object: 'metallb-system/web',
        names: new Map([
          ['no-export', { kind: 'standard', text: '65535:65281' }],
          ['customers', { kind: 'large', text: '64500:1:4294967295' }],
        ]),
      },
      said: [],
    })
    expect(read(undefined).said).toEqual([])
  })

  test('keeps its good entries beside bad ones, and the first of a name', () => {
    const found = read([
      { name: 'a', value: '64500:1' },
      { name: 'b', value: '64500' },
      { value: '64500:2' },
      { name: 'a', value: '64500:3' },
    ])
    expect(found).toEqual({
      value: {
        object: 'metallb-system/web',
        names: new Map([['a', { kind: 'standard', text: '64500:1' }]]),
      },
      said: [
        'spec.communities[1].value: found "64500", expected a community such as 64500:1 or large:64500:1:2',
        'spec.communities[2].name: found nothing, expected a name for a community',
        'spec.communities[3].name: found "a", expected each name once',
      ],
    })
  })
})

describe('a Secret', () => {
  function read(rest: object) {
    const decoded = decodeBgpSecret({ metadata, ...rest }, 'x.yaml')
    const secret = decoded.kind === 'secret' ? decoded.secret : undefined
    return { type: secret?.type, text: secret?.password?.reveal(), said: said(decoded.problems) }
  }

  test.each([
    ['aHVudGVyMg==', 'hunter2'],
    ['aHVudGVyMg', 'hunter2'],
    ['w7w=', 'ü'],
    ['4oKs8J+YgA==', '€😀'],
    ['', ''],
    ['aHVu\ndGVyMg==\n', 'hunter2'],
  ])('has the password %j as %j', (encoded, text) => {
    const type = 'kubernetes.io/basic-auth'
    expect(read({ type, data: { password: encoded } })).toEqual({ type, text, said: [] })
  })

  test('may have it in plain text, which goes first', () => {
    const both = { stringData: { password: 'new' }, data: { password: 'b2xk' } }
    expect(read(both)).toEqual({ type: 'Opaque', text: 'new', said: [] })
    expect(read({ data: { username: 'bWU=' } })).toEqual({
      ...{ type: 'Opaque', text: undefined, said: [] },
    })
  })

  test.each([['hunter2!'], ['a'], [7], ['/w==']])(
    'with the value %j has none, and the value is not shown',
    (password) => {
      expect(read({ data: { password } })).toEqual({
        type: 'Opaque',
        text: undefined,
        said: ['data.password: found a value that is not shown, expected text in base64'],
      })
    },
  )
})
