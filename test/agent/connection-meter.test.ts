import { expect, test } from 'vitest'
import { ConnectionMeter } from '../../src/agent/connection-meter.ts'
import { NetlinkError } from '../../src/apply/netlink/netlink-error.ts'
import { failed } from '../../src/dataplane/outcome.ts'
import type { Connections, Session } from '../../src/dataplane/session.ts'
import type { Tuple } from '../../src/model/tuple.ts'
import { settings } from '../bench/cluster.ts'

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

function holding(connections: number): Connections {
  return {
    kind: 'counted',
    counts: [{ family: 'ip', id: 'a' as Tuple, label: LABEL, connections }],
  }
}

test('nothing is read where nobody asks for it, and nothing is known of it afterwards', async () => {
  const counting = new CountingSession(async () => holding(1))
  const meter = new ConnectionMeter()
  expect(await meter.counted()).toEqual({ kind: 'off' })
  meter.follow(counting.session, settings)
  expect(await meter.counted()).toEqual({ kind: 'off' })
  expect(counting.reads).toBe(0)
  meter.follow(counting.session, METERED)
  expect(await meter.counted()).toMatchObject({ totals: new Map([[LABEL, 0]]) })
  meter.follow(counting.session, settings)
  expect(await meter.counted()).toEqual({ kind: 'off' })
})

test('scrapes at the same time, and soon after one another, share a reading', async () => {
  let release = (_: Connections): void => undefined
  const counting = new CountingSession(() => new Promise((resolve) => (release = resolve)))
  const meter = new ConnectionMeter()
  meter.follow(counting.session, METERED)
  const scrapes = [meter.counted(), meter.counted(), meter.counted()]
  await Promise.resolve()
  release(holding(7))
  for (const scrape of scrapes) expect(await scrape).toMatchObject({ kind: 'counted' })
  expect(await meter.counted()).toMatchObject({ kind: 'counted' })
  expect(counting.reads).toBe(1)
})

test('another session goes on with the counts of the one before', async () => {
  const first = new CountingSession(async () => holding(5))
  const second = new CountingSession(async () => holding(3))
  const meter = new ConnectionMeter()
  meter.follow(first.session, METERED)
  meter.follow(second.session, METERED)
  expect(await meter.counted()).toMatchObject({ totals: new Map([[LABEL, 3]]) })
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
    const meter = new ConnectionMeter()
    meter.follow(new CountingSession(refusal).session, METERED)
    expect(await meter.counted()).toEqual({ kind: 'unread', reason: reasons[at] })
  }
})
