import { expect, onTestFinished, test, vi } from 'vitest'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { Announced } from '../../src/speaker/bgp/announced.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { decided } from '../announce/bgp/objects.ts'

const NOTHING = new Map()

function announcing() {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const told: BgpNews[] = []
  const announced = new Announced({ tell: (news) => told.push(news), changed: () => undefined })
  const decision = decided()
  const whole = { before: NOTHING, now: treeOf(decision), keeps: false }
  announced.found(whole, decision)
  const events = () => told.splice(0).map(({ event }) => event)
  expect(events()).toEqual(['bgp-service-announced'])
  return { announced, decision, whole, events }
}

test('an FRR that starts again within ten seconds has announced all the time', () => {
  const { announced, decision, whole, events } = announcing()
  announced.away()
  vi.advanceTimersByTime(9_000)
  announced.away()
  announced.found(whole, decision)
  vi.advanceTimersByTime(9_000)
  announced.away()
  expect(announced.all).toHaveLength(1)
  expect(events()).toEqual([])
})

test('one that stays away longer announces nothing, until it is back', () => {
  const { announced, decision, whole, events } = announcing()
  announced.away()
  vi.advanceTimersByTime(10_000)
  announced.away()
  announced.away()
  expect(announced.all).toEqual([])
  expect(events()).toEqual(['bgp-service-not-announced'])
  announced.found(whole, decision)
  expect(events()).toEqual(['bgp-service-announced'])
})

test('what FRR was found not to have is not announced', () => {
  const { announced, decision, events } = announcing()
  announced.found({ before: NOTHING, now: NOTHING, keeps: false }, decision)
  expect(announced.all).toEqual([])
  expect(events()).toEqual(['bgp-service-not-announced'])
})

test('what is kept although it is not decided any more is announced as long as FRR has it', () => {
  const { announced, whole, events } = announcing()
  const without = decided({ services: [] })
  announced.found({ ...whole, keeps: true }, without)
  expect(announced.all).toMatchObject([{ service: 'shop/web', peer: 'tor' }])
  announced.found({ before: NOTHING, now: NOTHING, keeps: true }, without)
  expect(announced.all).toEqual([])
  expect(events()).toEqual(['bgp-service-not-announced'])
})
