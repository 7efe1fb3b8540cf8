import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { decodeEndpointSlice } from '../../src/watch/decode-endpoint-slice.ts'
import { decodeNode } from '../../src/watch/decode-node.ts'
import { decodeService } from '../../src/watch/decode-service.ts'
import { readObjects } from '../../src/watch/files/read-objects.ts'

/** Values likely to get past a first check. */
const likely = fc.constantFrom<unknown>(
  ...['None', 'LoadBalancer', 'ClientIP', 'Local', 'IPv4', 'IPv6', 'TCP', 'VIP', '10.0.0.1'],
  ...['10.0.0.0/8', 'fd00::1', 'web', '', null, 0, 80, 65536, true, [], {}],
)
const fieldNames = [
  ...['metadata', 'name', 'namespace', 'labels', 'annotations', 'spec', 'status', 'type', 'ports'],
  ...['port', 'protocol', 'nodePort', 'clusterIP', 'clusterIPs', 'externalIPs', 'loadBalancer'],
  ...['ingress', 'ip', 'ipMode', 'addressType', 'addresses', 'endpoints', 'conditions', 'hints'],
  ...['kubernetes.io/service-name', 'podCIDRs', 'address', 'items', '__proto__', 'constructor'],
]
const { anyObject } = fc.letrec((tie) => ({
  anyObject: fc.dictionary(fc.constantFrom(...fieldNames), tie('value'), { maxKeys: 8 }),
  value: fc.oneof(
    { maxDepth: 6 },
    likely,
    fc.array(tie('value'), { maxLength: 3 }),
    tie('anyObject'),
  ),
}))
const json = fc.oneof(fc.jsonValue(), anyObject).map((value) => JSON.parse(JSON.stringify(value)))

const decoders = [decodeService, decodeEndpointSlice, decodeNode]

test.each(decoders)(
  '%o answers every JSON value with a value, and every problem in one line',
  (decode) => {
    fc.assert(
      fc.property(json, (value) => {
        const result = decode(value, 'cluster.json')
        const errors = result.problems.filter(({ severity }) => severity === 'error')
        if (result.kind === 'invalid') expect(errors).not.toEqual([])
        for (const problem of result.problems) {
          const line = printProblem(problem)
          expect(line).not.toMatch(/\n/)
          expect(line).not.toMatch(/Invalid input/)
        }
      }),
      { numRuns: 2000 },
    )
  },
)

test('any text is read as objects and as configuration without an exception', () => {
  const typed = fc
    .tuple(fc.constantFrom('Service', 'Node', 'List', 'EndpointSlice', 'NodelbConfiguration'), json)
    .map(([kind, value]) => JSON.stringify({ apiVersion: 'v1', kind, items: [value], spec: value }))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), typed), (text) => {
      readObjects(['-'], () => text)
      readConfig(text, 'config.yaml')
    }),
    { numRuns: 1000 },
  )
})

test('what is decoded once is decoded the same again', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(decodeService(value, 'x')).toEqual(decodeService(structuredClone(value), 'x'))
    }),
    { numRuns: 500 },
  )
})
