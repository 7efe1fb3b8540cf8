import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FoundStatus, statusChanges } from '../../src/announce/service-status.ts'
import { readStatus, STATUS_KINDS } from '../../src/decode/announcing/service-status.ts'

const services = ['shop/a', 'shop/b', 'mail/a']
const service = fc.constantFrom(...services)
const places = fc.constantFrom<(readonly string[])[]>([], ['eth0'], ['eth0', 'eth1'])
const wanted = fc.array(fc.tuple(service, places)).map((entries) => new Map(entries))
const found = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^l2-[a-f]{3}$/),
    node: fc.constantFrom('n1', 'n2', undefined),
    service: fc.option(service, { nil: undefined }),
    places,
    owner: fc.constantFrom(undefined, 'uid-old', 'uid-now'),
    isWhole: fc.boolean(),
  }),
  { selector: ({ name }) => name },
)

const pod = fc.constantFrom(undefined, 'uid-now')

type Wanted = ReadonlyMap<string, readonly string[]>

function self(pod: string | undefined, isOneOfMany = false) {
  return { node: 'n1', pod, isOneOfMany }
}

/** What the API server holds after the changes. */
function changed(
  wants: Wanted,
  before: readonly FoundStatus[],
  owner: string | undefined,
  isOneOfMany = false,
): FoundStatus[] {
  let after = [...before]
  for (const change of statusChanges(wants, before, self(owner, isOneOfMany))) {
    const kept = after.find((each) => 'name' in change && each.name === change.name)
    if (change.kind !== 'create') after = after.filter(({ name }) => name !== change.name)
    if (change.kind === 'delete') continue
    const name = change.kind === 'write' ? change.name : `l2-new-${after.length}`
    const { service: of, places: on } = change
    const whose = kept === undefined ? owner : kept.owner
    after.push({ name, node: 'n1', service: of, places: on, owner: whose, isWhole: true })
  }
  return after
}

describe('the changes of statuses', () => {
  test('leave one for each Service that is announced, and none of other Nodes for it', () => {
    fc.assert(
      fc.property(wanted, found, pod, (wants, before, owner) => {
        const after = changed(wants, before, owner)
        for (const [name, on] of wants) {
          const about = after.filter((each) => each.service === name)
          expect(about).toMatchObject([{ node: 'n1', places: on, isWhole: true }])
        }
        const mine = after.filter(({ node }) => node === 'n1')
        expect(mine).toHaveLength(wants.size)
        // Those of a former Pod would go with it, unnoticed.
        if (owner !== undefined) expect(mine.every((each) => each.owner === owner)).toBe(true)
      }),
    )
  })

  test('leave alone what other Nodes say where each has its own', () => {
    fc.assert(
      fc.property(wanted, found, pod, (wants, before, owner) => {
        const after = changed(wants, before, owner, true)
        for (const each of before) if (each.node !== 'n1') expect(after).toContainEqual(each)
        const mine = after.filter(({ node }) => node === 'n1')
        expect(new Map(mine.map((each) => [each.service, each.places]))).toEqual(wants)
        expect(mine).toHaveLength(wants.size)
      }),
    )
  })

  test('leave alone what other Nodes say of other Services, and end', () => {
    fc.assert(
      fc.property(wanted, found, pod, (wants, before, owner) => {
        const after = changed(wants, before, owner)
        for (const each of before) {
          const isOthers = each.node !== 'n1' && !wants.has(each.service ?? '')
          if (isOthers) expect(after).toContainEqual(each)
        }
        expect(statusChanges(wants, after, self(owner))).toEqual([])
      }),
    )
  })
})

describe('a status is read', () => {
  test('with the peers of a Service that is announced by BGP', () => {
    const status = { node: 'n1', serviceName: 'a', serviceNamespace: 'shop', peers: ['tor', 7] }
    const read = readStatus({ metadata: { name: 'bgp-x' }, status }, STATUS_KINDS.bgp)
    expect(read).toMatchObject({ name: 'bgp-x', service: 'shop/a', places: ['tor'] })
  })

  test('from its fields', () => {
    const status = { node: 'n1', serviceName: 'a', serviceNamespace: 'shop' }
    const ownerReferences = [
      { kind: 'DaemonSet', uid: 'uid-set' },
      { kind: 'Pod', uid: 'uid-now' },
    ]
    const metadata = { name: 'l2-x', ownerReferences }
    const read = readStatus(
      { metadata, status: { ...status, interfaces: [{ name: 'eth0' }, {}] } },
      STATUS_KINDS.layer2,
    )
    const expected = { name: 'l2-x', node: 'n1', service: 'shop/a', places: ['eth0'] }
    expect(read).toEqual({ ...expected, owner: 'uid-now', isWhole: true })
  })

  test('from its labels, if its writer died before it wrote more', () => {
    const labels = {
      'metallb.io/node': 'n1',
      'metallb.io/service-name': 'a',
      'metallb.io/service-namespace': 'shop',
    }
    const read = readStatus({ metadata: { name: 'l2-x', labels } }, STATUS_KINDS.layer2)
    const expected = { name: 'l2-x', node: 'n1', service: 'shop/a', places: [] }
    expect(read).toEqual({ ...expected, owner: undefined, isWhole: false })
  })

  test('of no Service where its namespace is not told', () => {
    const metadata = { name: 'l2-x', labels: { 'metallb.io/service-name': 'a' } }
    expect(readStatus({ metadata }, STATUS_KINDS.layer2)).toMatchObject({
      name: 'l2-x',
      service: undefined,
    })
  })

  test('not at all without a name', () => {
    expect(['x', {}].map((each) => readStatus(each, STATUS_KINDS.layer2))).toEqual([
      undefined,
      undefined,
    ])
  })
})
