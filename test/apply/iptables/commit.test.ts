import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { commitIptables } from '../../../src/apply/iptables/commit.ts'
import { FLAVOURS, findPrograms } from '../../../src/apply/iptables/programs.ts'
import { readIptables } from '../../../src/apply/iptables/read.ts'
import { compareIptables, planChanges } from '../../../src/plan/iptables/plan.ts'
import type { IptablesRuleset } from '../../../src/ruleset/iptables/types.ts'
import { enterNewNetwork, nftLoad } from '../nftables/namespace.ts'
import { otherPrograms } from './hosts.ts'
import { adding, iptables, listing, restore } from './namespace.ts'

const SERVE = [
  '-p tcp -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.244.1.10:8080',
  '-p tcp -j DNAT --to-destination 10.244.2.20:8080',
]
const LEAF =
  '-d 10.96.0.10/32 -p tcp -m tcp --dport 80 -m comment --comment "shop/web:http cluster IP" -g NODELB-S-WEB'
const WEB = adding(
  { 'NODELB-DISPATCH': [LEAF], 'NODELB-S-WEB': SERVE },
  { PREROUTING: ['-j NODELB-DISPATCH'], OUTPUT: ['-j NODELB-DISPATCH'] },
)
const HELD: IptablesRuleset = {
  ip: new Map([
    [
      'nat',
      {
        chains: WEB.chains,
        jumps: new Map([
          ['PREROUTING', ['-j NODELB-DISPATCH']],
          ['OUTPUT', ['-j NODELB-DISPATCH']],
        ]),
      },
    ],
  ]),
}

beforeEach(() => enterNewNetwork())

describe.each(FLAVOURS)('%s', async (flavour) => {
  const programs = await findPrograms(flavour)

  test('what was committed is read again', async () => {
    const { outcome, done, bytes } = await commitIptables(programs, {}, [WEB])
    expect(outcome).toEqual({ kind: 'committed' })
    expect(done).toEqual([WEB])
    expect(bytes).toBeGreaterThan(SERVE.join('').length)
    const state = await readIptables(programs)
    expect(state).toEqual({ kind: 'read', ruleset: HELD, displaced: [], missing: {} })
  })

  test('both families, and the tables of each in the order that is given', async () => {
    const web6 = adding(
      { 'NODELB-S-WEB': ['-p tcp -j DNAT --to-destination [fd00:10:244::1]:8080'] },
      {},
      { family: 'ip6' },
    )
    const refuse = adding(
      { 'NODELB-REFUSE': ['-j REJECT --reject-with icmp-port-unreachable'] },
      {},
      {
        table: 'filter',
      },
    )
    const { outcome, done } = await commitIptables(programs, {}, [web6, WEB, refuse])
    expect(outcome).toEqual({ kind: 'committed' })
    expect(done).toEqual([WEB, refuse, web6])
    const state = await readIptables(programs)
    expect(state).toMatchObject({
      kind: 'read',
      ruleset: { ip6: new Map([['nat', { chains: web6.chains, jumps: new Map() }]]) },
    })
  })

  test('others are not read, and reading makes no table', async () => {
    expect(await readIptables(programs)).toMatchObject({ ruleset: {}, displaced: [] })
    expect(await listing(flavour)).toBe('')
    await restore(flavour, otherPrograms('ip'))
    expect(await readIptables(programs)).toMatchObject({ ruleset: {}, displaced: [] })
  })

  test('a jump behind a rule of others is put first again', async () => {
    await commitIptables(programs, {}, [WEB])
    await iptables(flavour, '-t nat -I PREROUTING -p udp -j ACCEPT')
    const state = await readIptables(programs)
    if (state.kind !== 'read') throw new Error(state.obstacle.reason)
    const { displaced, ruleset } = state
    expect(displaced).toEqual([{ family: 'ip', table: 'nat', chain: 'PREROUTING' }])
    expect(ruleset).toEqual(HELD)
    await commitIptables(
      programs,
      ruleset,
      planChanges(compareIptables(ruleset, ruleset, displaced)),
    )
    expect(await readIptables(programs)).toMatchObject({ ruleset: HELD, displaced: [] })
    expect(await listing(flavour)).toContain(
      '-A PREROUTING -j NODELB-DISPATCH\n-A PREROUTING -p udp -j ACCEPT\n',
    )
  })

  test('a rule that nodelb would not write is read as it is', async () => {
    await commitIptables(programs, {}, [WEB])
    await iptables(flavour, '-t nat -A NODELB-S-WEB -p tcp -m mark --mark 0x7 -j RETURN')
    const state = await readIptables(programs)
    if (state.kind !== 'read') throw new Error(state.obstacle.reason)
    const chain = state.ruleset.ip?.get('nat')?.chains.get('NODELB-S-WEB')
    expect(chain).toEqual([...SERVE, '-p tcp -m mark --mark 0x7 -j RETURN'])
  })

  test('a rule that the program does not take is named', async () => {
    const broken = adding({ 'NODELB-S-BAD': ['-p tcp -j DNAT --to-destination 10.0.0.1.2:80'] })
    const { outcome, done } = await commitIptables(programs, {}, [WEB, broken])
    expect(done).toEqual([WEB])
    expect(outcome).toEqual({
      kind: 'rejected',
      failures: [
        {
          family: 'ip',
          table: 'nat',
          chain: 'NODELB-S-BAD',
          rule: '-p tcp -j DNAT --to-destination 10.0.0.1.2:80',
          message: 'Bad IP address "10.0.0.1.2"',
        },
      ],
    })
  })

  test('a rule that the kernel does not take is named as far as it can be', async () => {
    const broken = adding(
      { 'NODELB-S-BAD': ['-m mark --mark 0x1 -j DROP', '-p tcp -j MASQUERADE'] },
      {},
      { table: 'filter' },
    )
    const { outcome, done } = await commitIptables(programs, {}, [WEB, broken])
    expect(done).toEqual([WEB])
    const failure =
      flavour === 'nft'
        ? { chain: 'NODELB-S-BAD', rule: '-p tcp -j MASQUERADE' }
        : { message: 'refused' }
    expect(outcome).toMatchObject({
      kind: 'rejected',
      failures: [{ family: 'ip', table: 'filter', ...failure }],
    })
    expect(await listing(flavour)).not.toContain('NODELB-S-BAD')
  })

  test('one family goes on where the other is refused', async () => {
    const broken = adding({ 'NODELB-S-BAD': ['-j NODELB-NOWHERE'] })
    const good = adding({ 'NODELB-S-GOOD': ['-j RETURN'] }, {}, { family: 'ip6' })
    const { outcome, done } = await commitIptables(programs, {}, [broken, good])
    expect(outcome).toMatchObject({ kind: 'rejected', failures: [{ family: 'ip' }] })
    expect(done).toEqual([good])
  })

  test('a hundred thousand refused lines are told in bounds', async () => {
    const rules = Array.from({ length: 100_000 }, () => '-p tcp -j MASQUERADE')
    const broken = adding({ 'NODELB-S-BAD': rules }, {}, { table: 'filter' })
    const { outcome } = await commitIptables(programs, {}, [broken])
    expect(outcome.kind).toBe('rejected')
    if (outcome.kind === 'rejected') expect(outcome.failures.length).toBeLessThan(2_000)
  })

  test('a large step is the same for packets as at once', async () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `NODELB-S-${index}`)
    const step = adding(
      {
        'NODELB-DISPATCH': names.map(
          (name, index) => `-d 10.96.${index >> 8}.${index & 255}/32 -g ${name}`,
        ),
        ...Object.fromEntries(names.map((name) => [name, SERVE])),
      },
      { PREROUTING: ['-j NODELB-DISPATCH'] },
    )
    const { outcome, done } = await commitIptables(programs, {}, [step])
    expect(outcome).toEqual({ kind: 'committed' })
    expect(done.at(-1)?.jumps).toEqual(step.jumps)
    expect(done.length > 1).toBe(flavour === 'nft')
    const state = await readIptables(programs)
    expect(state).toMatchObject({ ruleset: { ip: new Map([['nat', { chains: step.chains }]]) } })
  })

  test('without the right to, says what is missing', async () => {
    const script = new URL('commit-alone.ts', import.meta.url).pathname
    const without = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
    const node = [process.execPath, '--import', 'tsx', script, flavour]
    const { stdout } = await execa('unshare', ['--net', ...without, ...node])
    const { outcome } = JSON.parse(stdout)
    expect(outcome).toMatchObject({ kind: 'unable', family: 'ip' })
    expect(outcome.obstacle.kind).toBe(flavour === 'nft' ? 'not-permitted' : 'unsupported')
    expect(outcome.obstacle.reason).toContain('give nodelb the capabilities NET_ADMIN and NET_RAW')
  })

  test('a caller that stops waiting is told so', async () => {
    const { outcome } = await commitIptables(programs, {}, [WEB], { signal: AbortSignal.abort() })
    expect(outcome).toMatchObject({ obstacle: { kind: 'stopped', reason: 'cancelled' } })
  })

  test('a family without programs is a value', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nodelb-programs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const what of ['save', 'restore']) {
      symlinkSync(`/usr/sbin/iptables-${flavour}-${what}`, join(folder, `iptables-${what}`))
    }
    const found = await findPrograms(flavour, folder, [])
    const reason = `there is no program ip6tables-${flavour}-restore`
    expect(found.families).toEqual({
      ip: {
        kind: 'programs',
        programs: { save: `${folder}/iptables-save`, restore: `${folder}/iptables-restore` },
      },
      ip6: { kind: 'missing', reason },
    })
    expect(await readIptables(found)).toMatchObject({ kind: 'read', missing: { ip6: reason } })
    const step = adding({ 'NODELB-S-WEB': [] }, {}, { family: 'ip6' })
    expect((await commitIptables(found, {}, [step])).outcome).toEqual({
      kind: 'unable',
      family: 'ip6',
      obstacle: { kind: 'not-started', reason },
    })
  })
})

test('the lock of the legacy tables is waited for, for a time', async () => {
  const programs = await findPrograms('legacy')
  const holder = execa('flock', ['/run/xtables.lock', 'sh', '-c', 'echo held; cat'], {
    stdin: 'pipe',
  })
  onTestFinished(() => void holder.stdin.end())
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  const { outcome } = await commitIptables(programs, {}, [WEB], { wait: 1 })
  expect(outcome).toMatchObject({ kind: 'unable', obstacle: { kind: 'locked' } })
  const waiting = commitIptables(programs, {}, [WEB], { wait: 30 })
  holder.stdin.end()
  expect((await waiting).outcome).toEqual({ kind: 'committed' })
})

test('a table that only nft can write is said to be one', async () => {
  const rules = 'type nat hook prerouting priority -100; tcp dport 80 dnat to 10.0.0.1'
  await nftLoad(`table ip nat { chain PREROUTING { ${rules}; }; }`)
  const programs = await findPrograms('nft')
  expect(await readIptables(programs)).toMatchObject({
    kind: 'unreadable',
    family: 'ip',
    obstacle: { kind: 'unsupported', reason: 'only nft can read what is in: nat' },
  })
})
