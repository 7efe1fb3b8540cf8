import { expect, test } from 'vitest'
import { ConnectionMeter } from '../../src/agent/connection-meter.ts'
import { NetlinkError } from '../../src/apply/netlink/netlink-error.ts'
import { failed } from '../../src/dataplane/outcome.ts'
import type { Connections, Session } from '../../src/dataplane/session.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import { settings } from '../bench/cluster.ts'
import { shopService } from '../support/shop.ts'

const LABEL = 'shop/web:http cluster-ip'
const METERED = { ...settings, meterServices: true }

/** A session whose counters are read as often as `reads` says; each reading waits for `answer`. */
class CountingSession {
  reads = 0
  answer: () => Promise<Connections>

  constructor(answer: () => Promise<Connections>) {
    this.answer = answer
  }

  get session(): Session {
    const connections = (): Promise<Connections> => {
      this.reads += 1
      return this.answer()
    }
    const renderer = { nameOf: (owner: string) => owner }
    return { connections, renderer } as unknown as Session
  }
}

/** No Service is left out. */
const ALL = { service: () => undefined }

function newMeter(relist: () => void = () => undefined): ConnectionMeter {
  return new ConnectionMeter(undefined, relist)
}

function holding(connections: number): Connections {
  return {
    kind: 'counted',
    counts: [{ family: 'ip', id: 'a' as Tuple, label: LABEL, connections }],
  }
}

test('nothing is read where nobody asks for it, and nothing is known of it afterwards', async () => {
  const counting = new CountingSession(async () => holding(1))
  const meter = newMeter()
  expect(await meter.counted(ALL)).toEqual({ kind: 'off' })
  meter.follow(counting.session, settings)
  expect(await meter.counted(ALL)).toEqual({ kind: 'off' })
  expect(counting.reads).toBe(0)
  meter.follow(counting.session, METERED)
  expect(await meter.counted(ALL)).toMatchObject({ totals: new Map([[LABEL, 0]]) })
  meter.follow(counting.session, settings)
  expect(await meter.counted(ALL)).toEqual({ kind: 'off' })
})

test('scrapes at the same time, and soon after one another, share a reading', async () => {
  let release = (_: Connections): void => undefined
  const counting = new CountingSession(() => new Promise((resolve) => (release = resolve)))
  const meter = newMeter()
  meter.follow(counting.session, METERED)
  const scrapes = [meter.counted(ALL), meter.counted(ALL), meter.counted(ALL)]
  await Promise.resolve()
  release(holding(7))
  for (const scrape of scrapes) expect(await scrape).toMatchObject({ kind: 'counted' })
  expect(await meter.counted(ALL)).toMatchObject({ kind: 'counted' })
  expect(counting.reads).toBe(1)
})

test('another session goes on with the counts of the one before', async () => {
  const first = new CountingSession(async () => holding(5))
  const second = new CountingSession(async () => holding(3))
  const meter = newMeter()
  meter.follow(first.session, METERED)
  meter.follow(second.session, METERED)
  expect(await meter.counted(ALL)).toMatchObject({ totals: new Map([[LABEL, 3]]) })
})

test('counters that cannot be read are told of, whatever is in the way', async () => {
  const refusals: readonly (() => Promise<Connections>)[] = [
    async () => failed('locked'),
    async () => {
      throw new NetlinkError('EPERM', 'sendmsg')
    },
  ]
  const reasons = ['locked', 'the capability CAP_NET_ADMIN is missing']
  for (const [at, refusal] of refusals.entries()) {
    const meter = newMeter()
    meter.follow(new CountingSession(refusal).session, METERED)
    expect(await meter.counted(ALL)).toEqual({ kind: 'unread', reason: reasons[at] })
  }
})

test('another selector has all Services read anew, and the same one does not', () => {
  let relists = 0
  const meter = newMeter(() => relists++)
  const selector = { requirements: [{ key: 'team', operator: 'exists' }] } as const
  for (const each of [undefined, selector, { ...selector }, undefined]) meter.select(each)
  expect(relists).toBe(2)
})

test('what the store has marked is not asked for', async () => {
  const meter = newMeter()
  meter.follow(new CountingSession(async () => holding(5)).session, METERED)
  const service = shopService('web', { unmetered: true })
  const found = await meter.counted({ service: (name) => (name === 'a/b' ? service : undefined) })
  if (found.kind !== 'counted') throw new Error(found.kind)
  expect([found.isCounted('a/b'), found.isCounted('a/c')]).toEqual([false, true])
})
