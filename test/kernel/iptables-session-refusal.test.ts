import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { FLAVOURS, type FlavourPrograms, findPrograms } from '../../src/apply/iptables/programs.ts'
import type { Goal } from '../../src/dataplane/dataplane.ts'
import { programIptables } from '../../src/dataplane/iptables/program.ts'
import { startIptablesSession } from '../../src/dataplane/iptables/session.ts'
import { iptables, listing } from '../apply/iptables/namespace.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { asterisk, begin, committed, jellyfin, nginx, scale } from './iptables-session-setup.ts'
import { together } from './session-setup.ts'

const all = together(jellyfin, asterisk, nginx)
/** The rules of media/jellyfin. */
const JELLYFIN = '^-A NODELB-S-TVCYISYDIDKIDCCD '

beforeEach(() => enterNewNetwork())

describe.each(FLAVOURS)('%s', async (flavour) => {
  const programs = await findPrograms(flavour)

  async function rules(): Promise<string> {
    return `${await listing(flavour)}${await listing(flavour, 'ip6')}`.replace(/ \[.*\]$/gm, '')
  }

  async function rulesOf(service: string): Promise<string[]> {
    return (await rules()).split('\n').filter((line) => line.includes(`"${service}:`))
  }

  test('a Service that is refused at the start is left out; it comes when it can', async () => {
    const spoiled = spoil(programs, JELLYFIN)
    const { session, first } = await begin(spoiled.programs, all)
    expect(first.refusals).toEqual([
      { service: 'media/jellyfin', reason: expect.stringMatching(/^iptables -t nat/) },
    ])
    expect([...session.refusals().keys()]).toEqual(['media/jellyfin'])
    expect(await rulesOf('media/jellyfin')).toEqual([])
    expect((await rulesOf('voip/asterisk')).length).toBeGreaterThan(0)
    scale(session, nginx, 1)
    expect(committed(await session.sync()).reread).toBeUndefined()
    scale(session, nginx, 9)
    await session.sync()
    session.retryRefused()
    expect(committed(await session.sync()).refusals).toHaveLength(1)
    expect(await rulesOf('media/jellyfin')).toEqual([])
    spoiled.mend()
    session.retryRefused()
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(session.refusals().size).toBe(0)
    expect(await lacking(all)).toBe(0)
  })

  test('one whose change is refused stays as it was; the others go on', async () => {
    const spoiled = spoil(programs, JELLYFIN)
    spoiled.mend()
    const { session } = await begin(spoiled.programs, all)
    const before = await rules()
    spoiled.again()
    scale(session, jellyfin, 3)
    const refused = committed(await session.sync())
    expect(refused.refusals.map(({ service }) => service)).toEqual(['media/jellyfin'])
    expect(await rules()).toBe(before)
    scale(session, nginx, 1)
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(await session.verify()).toMatchObject({ operations: 0 })
    for (const count of [2, 4]) {
      scale(session, jellyfin, count)
      expect(committed(await session.sync()).refusals).toHaveLength(1)
    }
    spoiled.mend()
    scale(session, jellyfin, 9)
    scale(session, nginx, 9)
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(session.refusals().size).toBe(0)
    expect(await rules()).toBe(before)
  })

  test('some of a hundred are found, and no other is left out', async () => {
    const hundred = many(100)
    const bad = [17, 18, 93]
    const spoiled = spoil(programs, ...bad.map((n) => ` 10\\.244\\.7\\.${n}:8080$`))
    const outcome = await programIptables(spoiled.programs, hundred)
    if (outcome.kind === 'failed') throw new Error(outcome.reason)
    const refused = outcome.refusals.map(({ service }) => service)
    expect(refused.sort()).toEqual(bad.map((n) => `media/jellyfin-${n}`))
    expect(outcome.services).toBe(100)
    const there = (await rules()).match(/media\/jellyfin-\d+/g)
    expect(new Set(there).size).toBe(97)
    spoiled.mend()
    expect(await programIptables(programs, hundred)).toMatchObject({ refusals: [] })
    expect(await lacking(hundred)).toBe(0)
  })

  test('a program without the module for session affinity leaves out who wants that', async () => {
    const { stdout: module } = await execa('sh', ['-c', 'ls /usr/lib*/*/xtables/libxt_recent.so'])
    const hidden = `mount --bind /dev/null ${module} && exec`
    const lacks = wrapped(
      programs,
      (restore) => `unshare --mount sh -c '${hidden} ${restore} "$@"' - "$@"`,
    )
    const { session, first } = await begin(lacks, all)
    expect(first.refusals).toEqual([
      { service: 'voip/asterisk', reason: expect.stringContaining('recent') },
    ])
    expect([...session.refusals().keys()]).toEqual(['voip/asterisk'])
    expect((await rulesOf('media/jellyfin')).length).toBeGreaterThan(0)
    expect(await rulesOf('voip/asterisk')).toEqual([])
  })

  test('a chain that others lead to cannot go: its Service stays until it can', async () => {
    const { session } = await begin(programs, all)
    const [, chain] = /"media\/jellyfin:\S+ load-balancer" -g (\S+)/.exec(await rules()) ?? []
    const before = await rules()
    await iptables(flavour, '-t nat -N MINE')
    await iptables(flavour, `-t nat -A MINE -j ${chain}`)
    session.renderer.removeService('media/jellyfin')
    const settled = committed(await session.sync())
    expect(settled.refusals.map(({ service }) => service)).toEqual(['media/jellyfin'])
    scale(session, nginx, 1)
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    scale(session, nginx, 9)
    await session.sync()
    await iptables(flavour, '-t nat -F MINE')
    await iptables(flavour, '-t nat -X MINE')
    expect(await rules()).toBe(before)
    session.retryRefused()
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(await rules()).not.toContain('media/jellyfin')
    expect(await lacking(together(asterisk, nginx))).toBe(0)
  })

  test('one that is refused is tried again with what another Service gives up, and refused again', async () => {
    const spoiled = spoil(programs, ' 10\\.244\\.7\\.0:8080$')
    const { session, first } = await begin(spoiled.programs, rivals())
    expect(first.refusals.map(({ service }) => service)).toEqual(['media/jellyfin-0'])
    session.renderer.removeService('media/jellyfin-1')
    const settled = committed(await session.sync())
    expect(settled.refusals.map(({ service }) => service)).toEqual(['media/jellyfin-0'])
    expect(await rules()).not.toContain('media/jellyfin')
    spoiled.mend()
    session.retryRefused()
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(await rulesOf('media/jellyfin-0')).toContainEqual(
      expect.stringContaining('203.0.113.1/'),
    )
  })

  test('one that cannot be read gains nothing that another Service gives up', async () => {
    await programIptables(programs, rivals())
    const before = await rulesOf('media/jellyfin-0')
    const spoiled = spoil(programs, ' 10\\.244\\.7\\.0:8080$')
    const goal = { ...rivals(), unreadable: new Set(['media/jellyfin-0']) }
    const { session } = await begin(spoiled.programs, goal)
    session.renderer.removeService('media/jellyfin-1')
    expect(committed(await session.sync())).toMatchObject({ refusals: [] })
    expect(await rulesOf('media/jellyfin-0')).toEqual(before)
    expect(await rules()).not.toContain('media/jellyfin-1')
    spoiled.mend()
    session.renderer.readmit('media/jellyfin-0')
    await session.sync()
    expect(await rulesOf('media/jellyfin-0')).toContainEqual(
      expect.stringContaining('203.0.113.1/'),
    )
  })

  test('what cannot be read stays as it is until it can be, or is gone', async () => {
    await programIptables(programs, all)
    const before = await rules()
    const unreadable = new Set(['media/jellyfin', 'voip/asterisk'])
    const { session, first } = await begin(programs, { ...nginx, unreadable })
    expect(first).toMatchObject({ operations: 0, bytes: 0 })
    expect(session.refusals().size).toBe(0)
    scale(session, nginx, 1)
    await session.sync()
    await iptables(flavour, '-t nat -F')
    expect(await session.verify()).toMatchObject({ kind: 'verified' })
    scale(session, nginx, 9)
    await session.sync()
    expect(await rules(), 'repaired as it was').toBe(before)
    session.renderer.removeService('voip/asterisk')
    for (const slice of jellyfin.cluster.slices) session.renderer.setSlice(slice)
    for (const service of jellyfin.cluster.services) session.renderer.setService(service)
    await session.sync()
    expect(await lacking(together(jellyfin, nginx))).toBe(0)
  })

  test('of input that is incomplete, what it does not name stays', async () => {
    await programIptables(programs, all)
    const before = await rules()
    const { first } = await begin(programs, { ...nginx, incomplete: true })
    expect(first.operations).toBe(0)
    expect(await rules()).toBe(before)
  })

  test('a program that fails is a failure, and the next settle does all', async () => {
    const broken = wrapped(programs, () => 'echo it is Monday >&2; exit 3')
    expect(await startIptablesSession(broken, all, {})).toMatchObject({
      kind: 'failed',
      outcome: { reason: 'it is Monday' },
    })
    const gone = join(tmpdir(), 'nodelb-no-such-program')
    const missing = renamedRestore(programs, gone)
    expect(await startIptablesSession(missing, all, {})).toMatchObject({
      kind: 'failed',
      outcome: { reason: expect.stringContaining('ENOENT') },
    })
    const flag = join(mkdtempSync(join(tmpdir(), 'nodelb-')), 'broken')
    onTestFinished(() => rmSync(join(flag, '..'), { recursive: true }))
    const sometimes = wrapped(
      programs,
      (restore) => `test -e ${flag} && exit 3; exec ${restore} "$@"`,
    )
    const { session } = await begin(sometimes, all)
    writeFileSync(flag, '')
    scale(session, jellyfin, 2)
    session.renderer.removeService('voip/asterisk')
    expect(await session.sync()).toMatchObject({ kind: 'failed' })
    expect(await session.sync()).toMatchObject({ kind: 'failed' })
    rmSync(flag)
    expect(committed(await session.sync()).operations).toBeGreaterThan(0)
    expect(await session.verify()).toMatchObject({ operations: 0 })
    expect(await rules()).not.toContain('voip/asterisk')
  })

  async function lacking(goal: Goal): Promise<number> {
    const outcome = await programIptables(programs, goal)
    if (outcome.kind === 'failed') throw new Error(outcome.reason)
    return outcome.operations
  }
})

test('legacy: a lock that is held is a clear failure, and nothing is lost', async () => {
  const { session } = await begin(await findPrograms('legacy'), all)
  const holder = execa('flock', ['/run/xtables.lock', 'sh', '-c', 'echo held; cat'], {
    stdin: 'pipe',
  })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  scale(session, jellyfin, 2)
  expect(await session.sync()).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('xtables lock'),
  })
  holder.stdin.end()
  await holder
  expect(committed(await session.sync()).operations).toBeGreaterThan(0)
  expect(await session.verify()).toMatchObject({ operations: 0 })
}, 20_000)

/** The programs, with another command for restoring; `command` is of sh. */
function wrapped(programs: FlavourPrograms, command: (restore: string) => string): FlavourPrograms {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-programs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const families = Object.entries(programs.families).map(([family, available]) => {
    if (available.kind === 'missing') return [family, available] as const
    const { save, restore } = available.programs
    const file = join(folder, `${family}-restore`)
    writeFileSync(file, `#!/bin/sh\n${command(restore)}\n`, { mode: 0o755 })
    return [family, { kind: 'programs', programs: { save, restore: file } }] as const
  })
  return { ...programs, families: Object.fromEntries(families) as FlavourPrograms['families'] }
}

function renamedRestore(programs: FlavourPrograms, restore: string): FlavourPrograms {
  const { ip, ip6 } = programs.families
  if (ip.kind === 'missing') throw new Error(ip.reason)
  return {
    ...programs,
    families: { ip: { kind: 'programs', programs: { ...ip.programs, restore } }, ip6 },
  }
}

/** Until mended, rules like these become some that the kernel refuses. */
function spoil(
  programs: FlavourPrograms,
  ...rules: readonly string[]
): { readonly programs: FlavourPrograms; mend(): void; again(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-spoil-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'rules.sed')
  // More packets than the kernel counts.
  const refused = '-m recent --name spoilt --rcheck --hitcount 4000000 -j DNAT'
  const script = rules.map((rule) => `/${rule}/s/-j DNAT/${refused}/\n`).join('')
  const again = (): void => writeFileSync(file, script)
  again()
  expect(existsSync(file)).toBe(true)
  return {
    programs: wrapped(programs, (restore) => `sed -f ${file} | ${restore} "$@"`),
    mend: () => writeFileSync(file, ''),
    again,
  }
}

/** Services with an address and an endpoint each. */
function many(count: number): Goal {
  const [service] = jellyfin.cluster.services
  const [slice] = jellyfin.cluster.slices
  const [endpoint] = slice?.endpoints ?? []
  if (!service || !slice || !endpoint) throw new Error('fixture')
  const numbers = Array.from({ length: count }, (_, n) => n)
  const services = numbers.map((n) => ({
    ...service,
    name: `jellyfin-${n}`,
    clusterAddresses: [],
    loadBalancerAddresses: [`203.0.113.${n}` as (typeof endpoint)['address']],
    ports: service.ports.map((port) => ({ ...port, nodePort: undefined })),
  }))
  const slices = numbers.map((n) => ({
    ...slice,
    name: `jellyfin-${n}-a`,
    service: `jellyfin-${n}`,
    endpoints: [{ ...endpoint, address: `10.244.7.${n}` as (typeof endpoint)['address'] }],
  }))
  return { ...jellyfin, cluster: { services, slices } }
}

/** Two Services; the first, which is younger, asks for the address of the other one, too. */
function rivals(): Goal {
  const goal = many(2)
  const [first, second] = goal.cluster.services
  if (!first || !second) throw new Error('fixture')
  const loadBalancerAddresses = [...first.loadBalancerAddresses, ...second.loadBalancerAddresses]
  const younger = { ...first, created: '2026-02-01T00:00:00Z', loadBalancerAddresses }
  const older = { ...second, created: '2026-01-01T00:00:00Z' }
  return { ...goal, cluster: { ...goal.cluster, services: [younger, older] } }
}
