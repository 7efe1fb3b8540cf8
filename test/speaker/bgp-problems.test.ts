import { expect, test } from 'vitest'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { bgpProblems } from '../../src/speaker/bgp/problems.ts'
import { refusalProblems } from '../../src/speaker/bgp/refusals.ts'
import { decided } from '../announce/bgp/objects.ts'

function telling() {
  const told: BgpNews[] = []
  return { told, problems: bgpProblems((news) => told.push(news)) }
}

test('what a person should settle is told once, and that it is settled', () => {
  const { told, problems } = telling()
  const one = { object: 'BGPPeer/tor', message: 'one' }
  const two = { object: 'BGPPeer/tor', message: 'two' }
  problems.found([one, two, one])
  problems.found([one, two])
  expect(problems.list()).toEqual([one, two])
  problems.found([one])
  problems.found([])
  expect(told).toEqual([
    { event: 'bgp-problem', object: 'BGPPeer/tor', problems: ['one', 'two'] },
    { event: 'bgp-problem', object: 'BGPPeer/tor', problems: ['one'] },
    { event: 'bgp-in-order', object: 'BGPPeer/tor' },
  ])
})

test('a mistake in thousands of objects fills no log', () => {
  const { told, problems } = telling()
  problems.found(
    Array.from({ length: 5000 }, (_, at) => ({ object: `Service/s${at}`, message: '' })),
  )
  expect(told).toHaveLength(200)
})

test('what FRR refuses is a problem of its object, without passwords', () => {
  const { peers } = decided({})
  const context = 'router bgp 64500'
  const set = (line: string, where = context) => ({
    said: line.includes('password') ? 'no *** here' : 'bad\n thing',
    operation: { kind: 'set', context: where, line, isNew: true } as const,
  })
  const found = refusalProblems(
    [
      set('neighbor 10.0.0.1 password hunter2'),
      set('neighbor 10.0.0.1 port 1'),
      set('neighbor 10.0.0.1 timers 1 3'),
      set('neighbor 10.0.0.99 port 1'),
      set('neighbor 10.0.0.1 port 2', 'router bgp 64500 vrf red'),
      { said: '', operation: { kind: 'open', context: 'bfd | profile fast' } },
    ],
    peers,
  )
  expect(found.map(({ object, message }) => `${object}: ${message}`)).toEqual([
    'BGPPeer/tor: FRR does not take "neighbor 10.0.0.1 password ***": no *** here; the rest goes on',
    'BGPPeer/tor: FRR does not take "neighbor 10.0.0.1 port 1", "neighbor 10.0.0.1 timers 1 3": bad thing; the rest goes on',
    'FRR: FRR does not take "neighbor 10.0.0.99 port 1", "neighbor 10.0.0.1 port 2": bad thing; the rest goes on',
    'BFDProfile/fast: FRR does not take "profile fast": it does not say why; the rest goes on',
  ])
})
