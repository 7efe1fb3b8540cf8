import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FoundStatus, statusChanges } from '../../src/announce/service-status.ts'
import { readL2Status } from '../../src/decode/announcing/service-status.ts'

const services = ['shop/a', 'shop/b', 'mail/a']
const service = fc.constantFrom(...services)
const interfaces = fc.constantFrom<(readonly string[])[]>([], ['eth0'], ['eth0', 'eth1'])
const wanted = fc.array(fc.tuple(service, interfaces)).map((entries) => new Map(entries))
const found = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^l2-[a-f]{3}$/),
    node: fc.constantFrom('n1', 'n2', undefined),
    service: fc.option(service, { nil: undefined }),
    interfaces,
    owner: fc.constantFrom(undefined, 'uid-old', 'uid-now'),
    isWhole: fc.boolean(),
  }),
  { selector: ({ name }) => name },
)

const pod = fc.constantFrom(undefined, 'uid-now')

type Wanted = ReadonlyMap<string, readonly string[]>

/** What the API server holds after the changes. */
function changed(
  wants: Wanted,
  before: readonly FoundStatus[],
  owner: string | undefined,
): FoundStatus[] {
  let after = [...before]
  for (const change of statusChanges(wants, before, { node: 'n1', pod: owner })) {
    const kept = after.find((each) => 'name' in change && each.name === change.name)
    if (change.kind !== 'create') after = after.filter(({ name }) => name !== change.name)
    if (change.kind === 'delete') continue
    const name = change.kind === 'write' ? change.name : `l2-new-${after.length}`
    const { service: of, interfaces: on } = change
    const whose = kept === undefined ? owner : kept.owner
    after.push({ name, node: 'n1', service: of, interfaces: on, owner: whose, isWhole: true })
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
          expect(about).toMatchObject([{ node: 'n1', interfaces: on, isWhole: true }])
        }
        const mine = after.filter(({ node }) => node === 'n1')
        expect(mine).toHaveLength(wants.size)
        // Those of a former Pod would go with it, unnoticed.
        if (owner !== undefined) expect(mine.every((each) => each.owner === owner)).toBe(true)
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
        expect(statusChanges(wants, after, { node: 'n1', pod: owner })).toEqual([])
      }),
    )
  })
})

describe('a status is read', () => {
  test('from its fields', () => {
    const status = { node: 'n1', serviceName: 'a', serviceNamespace: 'shop' }
    const ownerReferences = [
      { kind: 'DaemonSet', uid: 'uid-set' },
      { kind: 'Pod', uid: 'uid-now' },
    ]
    const read = readL2Status({
      metadata: { name: 'l2-x', ownerReferences },
      status: { ...status, interfaces: [{ name: 'eth0' }, {}] },
    })
    const expected = { name: 'l2-x', node: 'n1', service: 'shop/a', interfaces: ['eth0'] }
    expect(read).toEqual({ ...expected, owner: 'uid-now', isWhole: true })
  })

  test('from its labels, if its writer died before it wrote more', () => {
    const labels = {
      'metallb.io/node': 'n1',
      'metallb.io/service-name': 'a',
      'metallb.io/service-namespace': 'shop',
    }
    const read = readL2Status({ metadata: { name: 'l2-x', labels } })
    const expected = { name: 'l2-x', node: 'n1', service: 'shop/a', interfaces: [] }
    expect(read).toEqual({ ...expected, owner: undefined, isWhole: false })
  })

  test('of no Service where its namespace is not told', () => {
    const metadata = { name: 'l2-x', labels: { 'metallb.io/service-name': 'a' } }
    expect(readL2Status({ metadata })).toMatchObject({ name: 'l2-x', service: undefined })
  })

  test('not at all without a name', () => {
    expect([readL2Status({}), readL2Status('x')]).toEqual([undefined, undefined])
  })
})
