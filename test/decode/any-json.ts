import fc from 'fast-check'
import { expect } from 'vitest'
import { type Problem, printProblem } from '../../src/decode/problem.ts'

/** Values likely to get past a first check. */
const likely = fc.constantFrom<unknown>(
  ...['LoadBalancer', 'Local', 'IPv4', 'PreferDualStack', 'TCP', '10.0.0.1', '10.0.0.0/8'],
  ...['10.0.0.1-10.0.0.9', 'fd00::/64', 'InternalIP', 'Ready', 'True', 'In', 'Exists', 'Pod'],
  ...['web', '', null, 0, 80, true, [], {}, '[{"key":"a"}]', 'NoSchedule'],
  ...['address-pools: [{name: a, protocol: bgp, addresses: [10.0.0.0/8]}]', 'address-pools: ['],
  ...[64500, 24, '64500:1', 'large:1:2:3', '90s', 'external', 'eth0', 'aHVudGVyMg=='],
  ...['announcedInterfacesToExclude: [^a, "("]', 'NetworkUnavailable', 'False'],
)
const fieldNames = [
  ...['metadata', 'name', 'namespace', 'labels', 'annotations', 'spec', 'status', 'type', 'ports'],
  ...['port', 'protocol', 'clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'selector'],
  ...['loadBalancer', 'ingress', 'ip', 'loadBalancerIP', 'loadBalancerClass', 'externalIPs'],
  ...['externalTrafficPolicy', 'addresses', 'address', 'conditions', 'taints', 'key', 'operator'],
  ...['effect', 'value', 'values', 'autoAssign', 'serviceAllocation', 'namespaces', 'priority'],
  ...['namespaceSelectors', 'serviceSelectors', 'matchLabels', 'matchExpressions', 'endpoints'],
  ...['nodeName', 'targetRef', 'kind', 'data', 'config', 'kubernetes.io/service-name'],
  ...['ipAddressPools', 'ipAddressPoolSelectors', 'nodeSelectors', 'interfaces', 'weight'],
  ...['preferredNodeSelectors', 'preference', 'serving', 'ready', 'message', 'excludel2.yaml'],
  ...['metallb.io/loadBalancerIPs', 'metallb.io/address-pool', 'metallb.io/adress-pool'],
  ...['myASN', 'peerASN', 'dynamicASN', 'peerAddress', 'interface', 'holdTime', 'keepaliveTime'],
  ...['connectTime', 'routerID', 'password', 'passwordSecret', 'bfdProfile', 'vrf', 'peers'],
  ...['communities', 'localPref', 'aggregationLength', 'echoMode', 'receiveInterval'],
  ...['svccontroller.k3s.cattle.io/tolerations', '__proto__', 'constructor'],
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

/** Objects that are whole but for what is drawn at random. */
const whole = fc.record({
  metadata: fc.record({
    name: fc.constant('web'),
    namespace: fc.constant('shop'),
    labels: fc.oneof(fc.constant({ 'kubernetes.io/service-name': 'web' }), anyObject),
    annotations: anyObject,
  }),
  spec: anyObject.map((spec) => ({
    ...{ type: 'LoadBalancer', addresses: ['10.0.0.0/8'], myASN: 64500, peerASN: 64501 },
    ...{ peerAddress: '10.0.0.1', ...spec },
  })),
  data: anyObject,
  status: anyObject,
  endpoints: fc.array(anyObject, { maxLength: 3 }),
})
/** Any JSON, often something like the objects that are read. */
const json = fc
  .oneof(fc.jsonValue(), anyObject, whole)
  .map((value): unknown => JSON.parse(JSON.stringify(value)))

interface Result {
  readonly kind: string
  readonly problems: readonly Problem[]
}

/** A decoder, with the kind of its objects. */
export type DecoderCase = readonly [kind: string, decode: (value: unknown) => Result]

/**
 * Checks that any JSON gives a value, with an error if it cannot be read, that every problem is one
 * line, and that the same comes again.
 */
export function holdsForAnyJson(decode: DecoderCase[1], numRuns: number): void {
  fc.assert(
    fc.property(json, (value) => {
      const result = decode(value)
      const errors = result.problems.filter(({ severity }) => severity === 'error')
      if (result.kind === 'invalid') expect(errors).not.toEqual([])
      for (const problem of result.problems) {
        const line = printProblem(problem)
        expect(line).not.toMatch(/\n/)
        expect(line).not.toMatch(/Invalid input/)
      }
      expect(decode(structuredClone(value))).toEqual(result)
    }),
    { numRuns },
  )
}
