import { execFileSync } from 'node:child_process'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Announced } from '../../src/announce/announced.ts'
import { readAnnounceTable } from '../../src/apply/netdev/read.ts'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { supportsOwnership } from '../../src/apply/nftables/supports-ownership.ts'
import { chooseResponder, whyRefused } from '../../src/dataplane/announce/choose-responder.ts'
import { KernelResponder } from '../../src/dataplane/announce/kernel-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { textOf } from '../../src/plan/netdev/explain.ts'
import { planAnnounce } from '../../src/plan/netdev/plan.ts'
import { announceTable } from '../../src/render/announce/table.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { eventually } from '../support/eventually.ts'
import { printTable } from '../support/print-announce-table.ts'
import { questions } from '../support/questions.ts'
import { indexOf, ip, layCable, stationOf, Wire } from '../support/wire.ts'

const OURS: readonly [string, string] = ['192.0.2.1', '2001:db8::1']
const OTHERS: readonly [string, string] = ['192.0.2.2', '2001:db8::2']
const LONG = 600_000
const PROGRAMMED = { kind: 'programmed', refused: [] }
const question = questions(OURS, OTHERS)[0]?.question ?? Buffer.alloc(0)
/** Whether this kernel has tables with an owner: since 6.9. */
const owns = await kernelOwns()

let wire: Wire
let announced: Announced
let other: NetlinkSocket
const open: KernelResponder[] = []

async function kernelOwns(): Promise<boolean> {
  const socket = NetlinkSocket.open()
  const does = await supportsOwnership(socket)
  socket.close()
  return does
}

/** A responder whose switch is on. */
async function begun(
  ownership: 'kernel' | 'none' = 'kernel',
  mended?: () => void,
): Promise<KernelResponder> {
  const made = responder(ownership, mended)
  expect(await made.revive(LONG)).toEqual(PROGRAMMED)
  return made
}

function responder(ownership: 'kernel' | 'none' = 'kernel', mended?: () => void): KernelResponder {
  const made = new KernelResponder({ ownership, ...(mended && { mended }) })
  open.push(made)
  return made
}

async function on(name: string, addresses: readonly string[] = OURS): Promise<Announced> {
  return { station: await stationOf(name), addresses: new Set(addresses as readonly Address[]) }
}

/** How many answers the first question gets: one, or none if the node is silent. */
async function answers(atLeast = 0): Promise<number> {
  return (await wire.answers(question, atLeast)).length
}

async function planned(
  wanted: readonly Announced[],
  ownership: 'kernel' | 'none' = owns ? 'kernel' : 'none',
) {
  const table = announceTable(wanted)
  const rules = [...table.chains.values()].flatMap((chain) => chain.rules)
  const found = await readAnnounceTable(other, rules)
  return planAnnounce(found.table, table, ownership).map(textOf)
}

beforeAll(async () => {
  enterNewNetwork()
  await layCable()
  wire = await Wire.between('asker', 'eth0')
})
beforeEach(async () => {
  other = NetlinkSocket.open()
  announced = await on('eth0')
})
afterEach(async () => {
  for (const made of open.splice(0)) await made.close()
  const last = responder()
  expect(await last.remove()).toEqual(PROGRAMMED)
  expect(await ip('-6', 'neigh', 'show', 'proxy')).toBe('')
  await last.close()
  open.length = 0
  other.close()
})

describe('what the kernel holds', () => {
  test('is what was written: nothing is left to plan, and nft lists the same', async () => {
    const { responder: chosen, reason } = await chooseResponder({ ownership: 'none' })
    expect([chosen.kind, reason]).toEqual(['kernel', undefined])
    open.push(chosen as KernelResponder)
    await chosen.revive(LONG)
    expect(await chosen.program([announced], LONG)).toEqual(PROGRAMMED)
    expect(await planned([announced], 'none')).toEqual([])
    const withoutRules = (text: string): string[] =>
      text
        .replace(/counter packets 0 bytes 0/g, '')
        .split('\n')
        .map((line) => line.trim().replace(/,$/, ''))
        .map((line) => line.replace(/^elements = \{ (.*?) *\}$/, '$1'))
        .filter((line) => /^(table|set|chain|type|flags|counter|\d)/.test(line))
        .filter((line) => !line.startsWith('0.0.0.1 timeout'))
    const listing = await nft('list', 'table', 'netdev', 'nodelb-announce')
    expect(withoutRules(listing)).toEqual(withoutRules(printTable(announceTable([announced]))))
  })

  test('is one element more or less after an address came or went', async () => {
    await (await begun()).program([announced], LONG)
    const set = 'netdev nodelb-announce v4-eth0'
    expect(await planned([await on('eth0', [...OURS, '192.0.2.3'])])).toContain(
      `+ element ${set} { 192.0.2.3 }`,
    )
    expect(await planned([await on('eth0', [OURS[1]])])).toContain(`- element ${set} { 192.0.2.1 }`)
  })

  test('is kept but for the rules when an interface has another MAC address or index', async () => {
    const first = await begun()
    await first.program([announced], LONG)
    await answers(1)
    const mac = '02:00:00:00:00:05'
    expect(
      await first.program([{ ...announced, station: { ...announced.station, mac } }], LONG),
    ).toEqual(PROGRAMMED)
    const [answer] = await wire.answers(question, 1)
    expect(answer?.subarray(6, 12).toString('hex')).toBe('020000000005')
    // The counter of the element went on: the set is the same.
    const counts = await first.counts()
    expect(counts).toEqual(
      new Map([
        [
          'eth0',
          new Map([
            [OURS[0], 2],
            [OURS[1], 0],
          ]),
        ],
      ]),
    )
  })

  test('follows an interface that goes and comes back with another index', async () => {
    await ip('link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'end')
    await ip('link', 'set', 'eth1', 'up')
    const first = await begun()
    const before = await on('eth1')
    await first.program([announced, before], LONG)
    await ip('link', 'delete', 'eth1')
    expect(await first.program([announced], LONG)).toEqual(PROGRAMMED)
    await ip('link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'end')
    await ip('link', 'set', 'eth1', 'up')
    const after = await on('eth1')
    expect(after.station.index).not.toBe(before.station.index)
    expect(await first.program([announced, after], LONG)).toEqual(PROGRAMMED)
    await ip('link', 'delete', 'eth1')
    // Linux 6.16 takes chains for interfaces that are not there yet; the index is wrong anyway.
    const gone = { station: { ...after.station, name: 'gone' }, addresses: after.addresses }
    expect(await first.program([announced, gone], LONG)).toMatchObject({
      refused: [{ name: 'gone', reason: expect.stringMatching(/: (ENOENT|ENODEV)$/) }],
    })
  })

  test('is 2,000 addresses of each family without complaint', async () => {
    const many = Array.from({ length: 2_000 }, (_, at) => [
      `10.0.${at >> 8}.${at & 255}`,
      `2001:db8::1:${(at + 1).toString(16)}`,
    ]).flat()
    const first = await begun()
    expect(await first.program([await on('eth0', many)], LONG)).toEqual(PROGRAMMED)
    const inherited = await first.inherited()
    expect(inherited).toMatchObject({ addresses: new Map([['eth0', new Set(many)]]) })
    expect(await first.program([], LONG)).toEqual(PROGRAMMED)
  })
})

describe('the switch', () => {
  test('runs out by itself: then nothing but a new beginning makes the node answer', async () => {
    const first = await begun()
    await first.program([announced], 3_000)
    expect(await answers(1)).toBe(1)
    // The kernel announces no end of a timeout: the node is asked until it is silent.
    while ((await answers()) > 0);
    expect(await first.inherited()).toMatchObject({ left: undefined })
    expect(await first.renew(LONG)).toEqual({ kind: 'ran-out' })
    expect(await first.program([announced], LONG)).toEqual({ kind: 'ran-out' })
    expect(await answers()).toBe(0)
    // The addresses go before the switch comes: another node may have them.
    expect(await first.revive(LONG)).toEqual(PROGRAMMED)
    expect(await answers()).toBe(0)
    expect(await first.program([announced], LONG)).toEqual(PROGRAMMED)
    expect(await first.renew(LONG)).toEqual(PROGRAMMED)
    expect(await answers(1)).toBe(1)
  })

  test('is not turned on for nothing by an heir that finds the table gone', async () => {
    const first = await begun()
    await first.program([announced], LONG)
    await first.close()
    const heir = responder()
    expect(await heir.renew(LONG)).toEqual(PROGRAMMED)
    await nft('delete', 'table', 'netdev', 'nodelb-announce')
    expect(await heir.renew(LONG)).toEqual({ kind: 'ran-out' })
    expect(await nft('list', 'tables')).not.toContain('nodelb-announce')
  })

  test('outlives the process, whose heir adopts everything as it is', async () => {
    const first = await begun()
    await first.program([announced], LONG)
    await first.close()
    expect(await answers(1)).toBe(1)
    const heir = responder()
    const inherited = await heir.inherited()
    expect(inherited).toMatchObject({ addresses: new Map([['eth0', new Set(OURS)]]) })
    expect(inherited).toHaveProperty('left', expect.any(Number))
    // Renewing comes before deciding what to keep.
    expect(await heir.renew(LONG)).toEqual(PROGRAMMED)
    expect(await planned([announced])).toEqual(owns ? ['+ table netdev nodelb-announce'] : [])
    await heir.program([announced], LONG)
    expect(await answers(1)).toBe(1)
    expect(await heir.counts()).toMatchObject(
      new Map([
        [
          'eth0',
          new Map([
            [OURS[0], 2],
            [OURS[1], 0],
          ]),
        ],
      ]),
    )
  })

  test('stays on when the table is made anew for another ownership', async () => {
    const first = await begun('none')
    await first.program([announced], LONG)
    await first.close()
    const heir = responder('kernel')
    await heir.program([announced], LONG)
    expect(await answers(1)).toBe(1)
  })
})

describe('changes by others', () => {
  test.runIf(owns)('are impossible while the kernel has ownership', async () => {
    const first = await begun()
    await first.program([announced], LONG)
    execFileSync('nft', ['flush', 'ruleset'])
    expect(() =>
      execFileSync('nft', ['flush', 'chain', 'netdev', 'nodelb-announce', 'eth0'], {
        stdio: 'ignore',
      }),
    ).toThrow()
    expect(await answers(1)).toBe(1)
    const second = responder()
    const reason = expect.stringContaining("owns nodelb's tables")
    expect(await second.inherited()).toMatchObject({ kind: 'failed', reason })
    expect(await second.program([announced], LONG)).toMatchObject({ kind: 'failed', reason })
  })

  test.each([
    ['flush ruleset', ['flush', 'ruleset']],
    [
      'an address is deleted',
      ['delete', 'element', 'netdev', 'nodelb-announce', 'v4-eth0', '{ 192.0.2.1 }'],
    ],
    ['the rules are deleted', ['flush', 'chain', 'netdev', 'nodelb-announce', 'eth0']],
  ])('are mended without ownership: %s', async (_, command) => {
    const outcomes: unknown[] = []
    const made = new KernelResponder({
      ownership: 'none',
      mended: (outcome) => outcomes.push(outcome),
    })
    open.push(made)
    await made.revive(LONG)
    await made.program([announced], LONG)
    execFileSync('nft', command)
    await eventually(() => outcomes.length > 0)
    expect(outcomes[0]).toEqual(PROGRAMMED)
    expect(await planned([announced], 'none')).toEqual([])
    expect(await answers(1)).toBe(1)
  })

  test('that come in every moment do not keep it from committing', async () => {
    const made = await begun('none')
    let stop = false
    const foreign = (async () => {
      while (!stop) await nft('add', 'table', 'ip', 'elsewhere')
    })()
    for (let round = 0; round < 4; round++) {
      const addresses = round % 2 === 0 ? OURS : OTHERS
      expect(await made.program([await on('eth0', addresses)], LONG)).toEqual(PROGRAMMED)
    }
    stop = true
    await foreign
    await nft('delete', 'table', 'ip', 'elsewhere')
  })
})

test('addresses change while questions come, and no answer is late or missing', async () => {
  const first = await begun()
  for (let round = 0; round < 12; round++) {
    const there = round % 2 === 0
    await first.program([await on('eth0', there ? OURS : OTHERS)], LONG)
    expect(await answers(there ? 1 : 0)).toBe(there ? 1 : 0)
  }
})

test('a trial leaves no trace', async () => {
  const before = await other.generation()
  const { responder: chosen } = await chooseResponder({ ownership: 'kernel' })
  await chosen.close()
  expect([await other.generation(), await nft('list', 'ruleset')]).toEqual([before, ''])
  expect(await indexOf('lo')).toBe(1)
})

test('what the kernel lacks is told by its name in the configuration of the kernel', () => {
  const chain = { kind: 'add-chain', chain: 'lo', device: 'lo' } as const
  expect(whyRefused({ operation: chain, errno: 'EOPNOTSUPP' })).toContain('NF_TABLES_NETDEV')
  const rule = { kind: 'add-rule', chain: 'lo', rule: [] } as const
  expect(whyRefused({ operation: rule, errno: 'ENOENT' })).toContain('NFT_FWD_NETDEV')
})
