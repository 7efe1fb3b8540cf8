import { expect, test } from 'vitest'
import { knownObstacle, lineFailures, locate } from '../../../src/apply/iptables/failure.ts'
import { ListingReader } from '../../../src/apply/iptables/listing.ts'

/** What the programs print, of one version or another. */

test.each([
  ['iptables: Permission denied (you must be root)', 'not-permitted', /NET_ADMIN and NET_RAW$/],
  ['Another app is currently holding the xtables lock.', 'locked', /xtables lock\.?$/],
  ["# Table `nat' is incompatible, use 'nft' tool.", 'unsupported', /'nft' tool/],
  ["iptables-restore: unrecognized option '--wait'", 'unsupported', /1\.6\.2 or newer is needed$/],
])('%s is told as %s', (said, kind, reason) => {
  expect(knownObstacle(said)).toEqual({ kind, reason: expect.stringMatching(reason) })
})

test('what is not known is no obstacle', () => {
  expect(knownObstacle('out of paper')).toBeUndefined()
})

test('failures are found by their lines, however they are worded', () => {
  const said = [
    'line 3: RULE_APPEND failed (No such file or directory): rule in chain NODELB-X',
    'iptables-restore v1.8.9 (legacy): Bad argument `x`',
    'Error occurred at line: 4',
    'Try `iptables-restore -h` for more information.',
    'iptables-restore: line 5 failed: Invalid argument.',
    'iptables-restore: line 6 failed',
    '',
  ].join('\n')
  expect(lineFailures(said)).toEqual([
    { line: 3, message: expect.stringContaining('RULE_APPEND failed') },
    { line: 4, message: expect.stringContaining('Bad argument `x`') },
    { line: 5, message: 'Invalid argument.' },
    { line: 6, message: 'refused' },
  ])
})

test('a failure is that of the rule, the chain or the table in its line', () => {
  const lines = [
    '# a remark',
    '*nat',
    ':NODELB-X - [0:0]',
    '-A NODELB-X -j RETURN',
    '-X NODELB-Y',
    'COMMIT',
  ]
  const at = (line: number) => locate('ip', lines, { line, message: 'no' })
  const nat = { family: 'ip', table: 'nat', message: 'no' }
  expect(at(1)).toBeUndefined()
  expect(at(3)).toEqual({ ...nat, chain: 'NODELB-X' })
  expect(at(4)).toEqual({ ...nat, chain: 'NODELB-X', rule: '-j RETURN' })
  expect(at(5)).toEqual({ ...nat, chain: 'NODELB-Y' })
  expect(at(6)).toEqual(nat)
  expect(at(99)).toEqual(nat)
})

test("of a listing only the known tables, and what is nodelb's in them, are read", () => {
  const reader = new ListingReader()
  const lines = [
    ...['*raw-of-others', ':NODELB-X - [0:0]', '-A NODELB-X -j RETURN', 'COMMIT'],
    ...["# Table `mangle' is incompatible, use 'nft' tool.", "# Table `theirs' is incompatible"],
    ...['*nat', ':PREROUTING ACCEPT [0:0]', ':KUBE-SERVICES - [0:0]', ':NODELB-VIPS - [0:0]'],
    ...['-A PREROUTING -j KUBE-SERVICES', '-A PREROUTING -j NODELB-VIPS', '-A NODELB-VIPS'],
    ...['-A KUBE-SERVICES -j RETURN', 'COMMIT', '-A NODELB-VIPS -j LOST'],
  ]
  for (const line of lines) reader.line(line)
  const { tables, displaced, incompatible } = reader.finish()
  expect([...tables.keys()]).toEqual(['nat'])
  expect(tables.get('nat')?.chains).toEqual(new Map([['NODELB-VIPS', ['']]]))
  expect(displaced).toEqual([{ table: 'nat', chain: 'PREROUTING' }])
  expect(incompatible).toEqual(['mangle'])
})
