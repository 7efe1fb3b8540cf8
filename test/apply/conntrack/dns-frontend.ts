import type { Tuple } from '../../../src/model/tuple.ts'
import type { TouchedFrontend } from '../../../src/plan/flows/stale.ts'

/** A VIP that lost its only endpoint. */
export const dnsFrontend: TouchedFrontend = {
  family: 'ip',
  id: '203.0.113.10 . udp . 53' as Tuple,
  protocol: 'udp',
  port: 53,
  flows: 'all',
  gone: new Set(['10.244.1.11 . 5353' as Tuple]),
}
