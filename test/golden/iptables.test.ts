import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { FLAVOURS } from '../../src/apply/iptables/programs.ts'
import { count, printGroup } from '../../src/cli/print-plan.ts'
import { difference } from '../../src/dataplane/difference.ts'
import type { Address, Port } from '../../src/model/address.ts'
import type { TableFamily } from '../../src/model/family.ts'
import type { Cluster, ServiceObject, SliceObject } from '../../src/model/service.ts'
import { grouped } from '../../src/plan/explain.ts'
import { iptablesSections, printIptables } from '../../src/ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import { chainsFor } from '../support/chains.ts'
import { fixtureGoal } from '../support/goal.ts'
import { savedRules } from '../support/iptables-save.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname

const scratch = mkdtempSync(`${tmpdir()}/nodelb-iptables-`)
afterAll(() => rmSync(scratch, { recursive: true }))

function folders(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => name !== 'stories' && name !== 'demo')
    .sort()
}

function sentence(directory: string): string {
  return readFileSync(`${directory}/README.md`, 'utf8').trim()
}

describe('with iptables, the rules of', () => {
  const names = folders(FIXTURES)
  test.each(names.map((name) => [name, sentence(FIXTURES + name)]))('%s: %s', async (name) => {
    const { cluster, node, settings } = fixtureGoal(FIXTURES + name, 'input.yaml', 'iptables')
    const rules = chainsFor(cluster, node, settings)
    await expect(printIptables(rules)).toMatchFileSnapshot(`${FIXTURES}${name}/expected.iptables`)
    await isListedAsLoaded(rules)
  })

  test('many Services, on many ports, are listed as they were loaded', async () => {
    const { node, settings } = fixtureGoal(
      `${FIXTURES}dual-stack-cluster-ip`,
      undefined,
      'iptables',
    )
    await isListedAsLoaded(chainsFor(crowd(), node, settings))
  })
})

describe('with iptables, the story', () => {
  const STORIES = `${FIXTURES}stories/`
  test.each(folders(STORIES).map((name) => [name, sentence(STORIES + name)]))(
    '%s: %s',
    async (name) => {
      const directory = STORIES + name
      const inputs = readdirSync(directory).filter((file) => /^\d+-input\.yaml$/.test(file))
      const goals = inputs.sort().map((input) => fixtureGoal(directory, input, 'iptables'))
      for (const [at, goal] of goals.entries()) {
        const former = goals[at - 1]
        if (former === undefined) continue
        const plan = difference(former, goal)
        const groups = grouped(plan.operations).map((group) => printGroup(group, false))
        const text = `${groups.join('')}${count(plan.count, 'operation')}\n`
        await expect(text).toMatchFileSnapshot(`${directory}/${at}-to-${at + 1}.iptables-plan`)
      }
    },
  )
})

/** By both flavours, in both families: what the real programs list after they loaded the text. */
async function isListedAsLoaded(rules: IptablesRuleset): Promise<void> {
  const cases = iptablesSections(rules).flatMap(({ family, text }) =>
    FLAVOURS.map((flavour) => {
      const program = `${family === 'ip' ? 'iptables' : 'ip6tables'}-${flavour}`
      writeFileSync(`${scratch}/${program}`, text)
      return { family, program }
    }),
  )
  const script = cases.flatMap(({ program }) => [
    `${program}-restore --noflush --test <${program}`,
    `${program}-restore --noflush <${program}`,
    `${program}-save >${program}.saved`,
  ])
  // In one network namespace: to make one takes longer than to load the rules.
  await execa('unshare', ['-n', 'sh', '-ec', script.join('\n')], { cwd: scratch })
  for (const { family, program } of cases) {
    const listed = savedRules(readFileSync(`${scratch}/${program}.saved`, 'utf8'))
    expect(comparable(listed), program).toEqual(comparable(ofFamily(rules, family)))
  }
}

/** Addresses near and far, of every shape that an address of IPv6 is written in; ports in plenty. */
function crowd(): Cluster {
  const addresses = [
    ...Array.from({ length: 120 }, (_, n) => `10.${96 + (n % 5)}.${n * 2}.${n}`),
    ...Array.from({ length: 60 }, (_, n) => `fd00:10:96::${(n * 37 + 1).toString(16)}`),
    ...['::1:2', '::102:304', '64:ff9b::1', '1::2:0:0:3:4', '1:0:2::3', '2001:db8:0:1:1:1:1:1'],
  ] as Address[]
  const protocols = ['tcp', 'udp', 'sctp'] as const
  const services = addresses.map((address, n): ServiceObject => {
    const count = n % 40 === 0 ? 60 : 2
    return {
      ...SERVICE,
      name: `s${n}`,
      clusterAddresses: [address],
      affinity: n % 7 === 0 ? { kind: 'client-ip', seconds: 60 + n } : { kind: 'none' },
      ports: Array.from({ length: count }, (_, p) => ({
        name: `p${p}`,
        protocol: protocols[p % 3] ?? 'tcp',
        port: (1 + ((p * 1009) % 65_535)) as Port,
        nodePort: undefined,
      })),
    }
  })
  const slices = services.map((service, n) => sliceOf(service, n % 3))
  return { services, slices }
}

const SERVICE: ServiceObject = {
  namespace: 'crowd',
  name: '',
  created: '',
  clusterAddresses: [],
  externalAddresses: [],
  loadBalancerAddresses: [],
  sourceRanges: [],
  internalPolicy: 'cluster',
  externalPolicy: 'cluster',
  affinity: { kind: 'none' },
  healthCheckPort: undefined,
  ports: [],
}

function sliceOf(service: ServiceObject, count: number): SliceObject {
  const family = service.clusterAddresses[0]?.includes(':') ? 'ipv6' : 'ipv4'
  const prefix = family === 'ipv4' ? '10.244.1.' : '::a:'
  return {
    namespace: service.namespace,
    name: service.name,
    service: service.name,
    family,
    ports: service.ports,
    endpoints: Array.from({ length: count }, (_, n) => ({
      address: `${prefix}${n + 1}` as Address,
      nodeName: 'node-a',
      ready: true,
      serving: true,
      terminating: false,
      zones: undefined,
      nodes: undefined,
    })),
  }
}

function ofFamily(rules: IptablesRuleset, family: TableFamily) {
  return rules[family] ?? new Map()
}

/** The order of chains in a listing is not ours to choose. */
function comparable(tables: NonNullable<IptablesRuleset['ip']>): unknown {
  return [...tables]
    .map(([table, { chains, jumps }]) => ({
      table,
      chains: [...chains].sort(),
      jumps: [...jumps].sort(),
    }))
    .sort((a, b) => (a.table < b.table ? -1 : 1))
}
