import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ElementRenderer } from '../../src/exempt/element-renderer.ts'
import { type Owner, ownerIn, ownerOf } from '../../src/frontend/label-text.ts'
import type { Address, Port } from '../../src/model/address.ts'
import { tableOfAddress } from '../../src/model/family.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import { changeBy } from '../../src/plan/ipvs/change-by.ts'
import { planIpvsDelta } from '../../src/plan/ipvs/delta.ts'
import { ipvsTextOf } from '../../src/plan/ipvs/explain.ts'
import type { IpvsOperation } from '../../src/plan/ipvs/operation.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { ipvsMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import type { WholeRenderer } from '../../src/render/renderer.ts'
import {
  addressChange,
  changeId,
  changesNothing,
  type IpvsChange,
  serverChanges,
} from '../../src/ruleset/ipvs/changes.ts'
import { type IpvsContent, serverKey } from '../../src/ruleset/ipvs/types.ts'
import { withoutChanges } from '../../src/ruleset/ipvs/without-changes.ts'
import { change } from '../support/changes.ts'
import { comparableIpvs, type IpvsModel, ipvsModel } from '../support/ipvs-model.ts'
import { cluster, node } from '../support/random-cluster.ts'
import { ipvsSettings as settings } from '../support/random-ipvs.ts'
import { runs } from '../support/runs.ts'

test('what was there before changes is what there is without them', () => {
  fc.assert(
    fc.property(cluster, cluster, settings, (first, second, chosen) => {
      const before = contentOf(renderCluster(first, node, chosen))
      const memory = ipvsMemory({ ...before, dummy: true, timeouts: undefined })
      const after = contentOf(renderCluster(second, node, chosen, memory))
      const changes = changesBetween(before, after)
      expect(comparableIpvs(withoutChanges(after, changes))).toEqual(comparableIpvs(before))
      expect(new Set(changes.map(changeId)).size).toBe(changes.length)
      expect(changesBetween(after, after)).toEqual([])
    }),
    { numRuns: runs(1_000) },
  )
})

function changesBetween(before: IpvsContent, after: IpvsContent): readonly IpvsChange[] {
  const keys = new Set([...before.servers.keys(), ...after.servers.keys()])
  const addresses = new Set([...before.addresses, ...after.addresses])
  return [
    ...[...keys].flatMap((key) => {
      const [was, is] = [before.servers.get(key), after.servers.get(key)]
      return serverChanges(was && { server: was }, is && { server: is })
    }),
    ...[...addresses]
      .map((each) => addressChange(each, before.addresses.has(each), after.addresses.has(each)))
      .filter((each) => !changesNothing(each)),
  ]
}

type Refuses = (operation: IpvsOperation) => boolean

/** A removed server that the kernel keeps would still have the destinations that it had. */
const refuses: fc.Arbitrary<Refuses> = fc
  .func(fc.integer({ min: 0, max: 3 }))
  .map(
    (draw) => (operation) =>
      operation.kind !== 'delete-server' && draw(ipvsTextOf(operation)) === 0,
  )

test('what ipvs refuses is rendered as ipvs has it, and as wanted when it is tried again', () => {
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 5, maxLength: 20 }),
      settings,
      refuses,
      (changes, chosen, refused) => {
        const wanted = createRenderer(node, chosen)
        wanted.takeChanges()
        const renderer = new ElementRenderer(wanted, node, chosen)
        const kernel = ipvsModel()
        kernel.apply([{ kind: 'add-dummy', name: DUMMY.name }])
        for (const make of changes) {
          make(renderer)
          follow(renderer, kernel, refused)
          expect(comparableIpvs(kernel.state())).toEqual(comparableIpvs(contentOf(renderer)))
        }
        for (const name of renderer.refusals().keys()) renderer.readmit(name)
        follow(renderer, kernel, () => false)
        expect(renderer.refusals().size).toBe(0)
        expect(comparableIpvs(kernel.state())).toEqual(comparableIpvs(contentOf(wanted)))
      },
    ),
    { numRuns: runs(1_000) },
  )
})

test('a Service whose server was refused is tried again when another Service gets the address', () => {
  const inner = createRenderer(node, plain)
  inner.takeChanges()
  const renderer = new ElementRenderer(inner, node, plain)
  serve(renderer, 'younger', '2026-02-01T00:00:00Z')
  const { ipvs } = renderer.takeChanges()
  const refusal = { service: ownerOf('shop/younger'), reason: 'there is no memory' }
  renderer.refuse(refusal, { ipvs })
  expect(contentOf(renderer).servers.size).toBe(0)
  serve(renderer, 'older', '2026-01-01T00:00:00Z')
  const again = renderer.takeChanges().ipvs
  expect(renderer.refusals().size).toBe(0)
  expect(planIpvsDelta(again, DUMMY).map(ipvsTextOf)).toEqual([
    '-t 203.0.113.9:80 -s rr',
    '-t 203.0.113.9:80 -r 10.244.2.1:8080 -m -w 1',
    'address 203.0.113.9/32 dev kube-ipvs0',
  ])
})

const plain: Settings = {
  scope: 'all',
  target: 'pods',
  localTraffic: { kind: 'none' },
  nodePortAddresses: { kind: 'primary' },
  masqueradeAll: false,
  masqueradeBit: 14,
  serviceRanges: [],
  backend: { kind: 'ipvs', ...defaultIpvsSettings },
}

/** Renders a Service that asks for 203.0.113.9 and leads to 10.244.2.1. */
function serve(renderer: ElementRenderer, name: string, created: string): void {
  renderer.setService({
    namespace: 'shop',
    name,
    created,
    clusterAddresses: [],
    externalAddresses: ['203.0.113.9' as Address],
    loadBalancerAddresses: [],
    sourceRanges: [],
    internalPolicy: 'cluster',
    externalPolicy: 'cluster',
    affinity: { kind: 'none' },
    healthCheckPort: undefined,
    ports: [{ name: '', protocol: 'tcp', port: 80 as Port, nodePort: undefined }],
  })
  const pod = { address: '10.244.2.1' as Address, nodeName: 'node-b', zones: undefined }
  renderer.setSlice({
    namespace: 'shop',
    name: `${name}-1`,
    service: name,
    family: 'ipv4',
    ports: [{ name: '', protocol: 'tcp', port: 8080 as Port }],
    endpoints: [{ ...pod, nodes: undefined, ready: true, serving: true, terminating: false }],
  })
}

const DUMMY = { name: defaultIpvsSettings.interface, before: true, after: true }

/** Commits what changed, and exempts what is refused, as the agent does. */
function follow(renderer: ElementRenderer, kernel: IpvsModel, refused: Refuses): void {
  const plan = planIpvsDelta(renderer.takeChanges().ipvs, DUMMY)
  // Once something is exempt, the labels of what else is refused may be gone.
  const owners = plan.map((operation) => serviceOf(operation, renderer))
  for (const [at, operation] of plan.entries()) {
    const service = owners[at]
    const state = kernel.state()
    const orphan = 'destination' in operation && !state.servers.has(serverKey(operation.server))
    if (!orphan && (service === undefined || !refused(operation))) {
      kernel.apply([operation])
      continue
    }
    const exempt = changeBy(operation, state)
    if (service === undefined || exempt === undefined) throw new Error(ipvsTextOf(operation))
    const refusal = { service, reason: ipvsTextOf(operation) }
    renderer.refuse(refusal, { ipvs: [exempt] })
  }
}

function serviceOf(operation: IpvsOperation, renderer: ElementRenderer): Owner | undefined {
  const server =
    'server' in operation
      ? operation.server
      : [...contentOf(renderer).servers.values()].find(
          ({ address }) => 'address' in operation && operation.address === address,
        )
  const label = server && renderer.label(tableOfAddress(server.address), serverKey(server))
  return label === undefined ? undefined : ownerIn(label)
}

function contentOf(renderer: Pick<WholeRenderer, 'ipvs'>): IpvsContent {
  const rules = renderer.ipvs()
  if (rules === undefined) throw new Error('no ipvs rules')
  return rules
}
