import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeSaved } from '../../src/apply/sysctl/state-file.ts'
import { Claims, type Holding, NO_HOLDING } from '../../src/dataplane/claims.ts'
import { Leftovers } from '../../src/dataplane/leftovers.ts'
import type { Removal } from '../../src/dataplane/removal.ts'
import { ReopeningSocket } from '../../src/dataplane/reopening-socket.ts'
import { iptables, listing } from '../apply/iptables/namespace.ts'
import { enterNewNetwork, nft, nftLoad } from '../apply/nftables/namespace.ts'

/** What other backends have left in the kernel, beside the one that is in use. */

const never = new AbortController().signal

let folder = ''
let file = ''
let socket: ReopeningSocket

beforeEach(() => {
  enterNewNetwork()
  folder = mkdtempSync(join(tmpdir(), 'nodelb-leftovers-'))
  file = join(folder, 'sysctls')
  socket = new ReopeningSocket()
})
afterEach(async () => {
  await socket.close()
  rmSync(folder, { recursive: true })
})

/** Removes what is left while a backend holds this. */
function removed(holds: Partial<Holding> | undefined, signal = never): Promise<Removal> {
  const claims = new Claims()
  if (holds !== undefined) claims.add({ holds: { ...NO_HOLDING, ...holds }, closed: false })
  return new Leftovers({ socket, claims, sysctlFile: file }).remove(signal)
}

async function leaveAll(): Promise<void> {
  await nftLoad('add table ip nodelb')
  for (const flavour of ['nft', 'legacy'] as const) {
    await iptables(flavour, '-t nat -N NODELB-VIPS')
  }
}

async function chains(flavour: 'nft' | 'legacy'): Promise<boolean> {
  return (await listing(flavour)).includes('NODELB-VIPS')
}

test('where nothing is in use, all goes, and settings of the kernel are as they were', async () => {
  await leaveAll()
  const before = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()
  expect(before).toBe('1')
  writeSaved(file, new Map([['net.ipv4.ip_forward', { before: 0, set: 1 }]]))
  expect(await removed(undefined)).toEqual({
    kind: 'removed',
    removed: [
      ...['changes of 1 sysctl', '1 table'],
      ...['1 chain of iptables (nft)', '1 chain of iptables (legacy)'],
    ],
  })
  expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()).toBe('0')
  expect(await nft('list', 'tables')).not.toContain('nodelb')
  expect(await removed(undefined)).toEqual({ kind: 'removed', removed: [] })
})

test('what is in use stays, and forwarding with it', async () => {
  await leaveAll()
  writeSaved(
    file,
    new Map([
      ['net.ipv4.ip_forward', { before: 0, set: 1 }],
      ['net.ipv4.conf.lo.rp_filter', { before: 2, set: 99 }],
    ]),
  )
  const outcome = await removed({ chains: 'legacy' })
  expect(outcome.removed).toEqual([
    expect.stringMatching(
      /^net\.ipv4\.conf\.lo\.rp_filter: \d, not what nodelb set; left as it is$/,
    ),
    '1 table',
    '1 chain of iptables (nft)',
  ])
  expect([await chains('nft'), await chains('legacy')]).toEqual([false, true])
  expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()).toBe('1')
})

test('the tables in use stay', async () => {
  await leaveAll()
  await removed({ tables: true })
  expect(await nft('list', 'tables')).toContain('table ip nodelb')
  expect([await chains('nft'), await chains('legacy')]).toEqual([false, false])
})

test('what settings were before cannot be read: that is told, and the chains go all the same', async () => {
  await leaveAll()
  mkdirSync(file)
  const outcome = await removed(undefined)
  expect(outcome).toMatchObject({
    kind: 'remains',
    reason: expect.stringMatching(/sysctls: what settings of the kernel were before is not known$/),
  })
  expect([await chains('nft'), await chains('legacy')]).toEqual([false, false])
})

test('nothing goes once a backend has started meanwhile', async () => {
  await leaveAll()
  writeFileSync(file, '')
  expect(await removed(undefined, AbortSignal.abort())).toEqual({ kind: 'overtaken', removed: [] })
  expect(await nft('list', 'tables')).toContain('table ip nodelb')
  expect([await chains('nft'), await chains('legacy')]).toEqual([true, true])
})
