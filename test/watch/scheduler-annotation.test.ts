import { expect, test } from 'vitest'
import { printProblem } from '../../src/decode/problem.ts'
import { schedulers } from '../../src/model/ipvs.ts'
import { decodeService } from '../../src/watch/decode-service.ts'

function decoded(scheduler: unknown) {
  const result = decodeService(
    {
      metadata: { name: 'web', annotations: { 'nodelb.io/ipvs-scheduler': scheduler } },
      spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
    },
    'web.yaml',
  )
  if (result.kind !== 'service') throw new Error(result.kind)
  return { scheduler: result.service.scheduler, lines: result.problems.map(printProblem) }
}

test.each(schedulers)('a Service may ask for %s', (scheduler) => {
  expect(decoded(scheduler)).toEqual({ scheduler, lines: [] })
})

test.each([
  ['fastest', '"fastest"'],
  ['RR', '"RR"'],
  [7, '7'],
])('%s is said to be none, and the Service goes on without', (value, found) => {
  expect(decoded(value)).toEqual({
    scheduler: undefined,
    lines: [
      `web.yaml: Service default/web: metadata.annotations["nodelb.io/ipvs-scheduler"]: found ${found}, expected rr, wrr, lc, wlc, fo, ovf, lblc, lblcr, dh, sh, mh, sed, nq or twos; the scheduler of the configuration is used`,
    ],
  })
})
