import { expect, test } from 'vitest'
import type { SysctlOutcome } from '../../src/apply/sysctl/prepare-node.ts'
import { backendChosen, ownershipOf } from '../../src/report/backend-report.ts'
import type { Occurrence } from '../../src/report/events/occurrence.ts'
import { tellSysctl } from '../../src/report/sysctl-report.ts'

test('a sysctl that is set is told apart from one that cannot be, and one that is right is not told', () => {
  const told: Occurrence[] = []
  const name = 'net.ipv4.ip_forward'
  const tell = (outcome: SysctlOutcome) => {
    tellSysctl(outcome, { tell: (each) => void told.push(each) })
  }
  tell({ kind: 'kept', name, value: 1 })
  tell({ kind: 'set', name, from: 0, to: 1 })
  tell({ kind: 'not-set', name, found: 0, wanted: 1, errno: 'EROFS', remedy: 'set it' })
  expect(told.map(({ event }) => event)).toEqual(['sysctl-set', 'sysctl-not-set'])
})

test('why a backend is used is told in one line', () => {
  const settings = { backend: { kind: 'iptables', flavour: 'auto' }, scope: 'all' } as never
  const reasonOf = (occurrence: Occurrence): unknown => 'reason' in occurrence && occurrence.reason
  expect(reasonOf(backendChosen(settings, undefined, undefined))).toBe('the configuration says so')
  const choice = { backend: 'iptables', reason: 'the kernel has no nftables' } as const
  expect(reasonOf(backendChosen(settings, choice, 'legacy: it alone is there'))).toBe(
    'the kernel has no nftables; legacy: it alone is there',
  )
})

test.each([
  ['kernel', true, 'auto', 'table-owned', undefined],
  ['none', false, 'auto', 'table-not-owned', 'chains of iptables have no owner'],
  ['none', true, 'none', 'table-not-owned', 'the configuration says ownership: none'],
  ['none', true, 'auto', 'table-not-owned', expect.stringContaining('it needs 6.9')],
])(
  'with ownership %s, tables %s and %s it is told: %s',
  (ownership, tables, configured, event, reason) => {
    const session = { ownership, holds: { tables } } as never
    expect(ownershipOf(session, configured as never)).toEqual({
      event,
      ...(reason !== undefined && { reason }),
    })
  },
)
