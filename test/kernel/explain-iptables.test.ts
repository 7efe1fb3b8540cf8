import { writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { FLAVOURS, type Flavour, findPrograms } from '../../src/apply/iptables/programs.ts'
import { readIptables } from '../../src/apply/iptables/read.ts'
import { iptablesSections } from '../../src/ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { chainsFor } from '../support/chains.ts'
import { expectedOf, lacking } from '../support/differences.ts'
import { packetFixtures } from '../support/fixtures.ts'
import { fixtureGoal } from '../support/goal.ts'
import { isTried } from '../support/runs.ts'
import { iptablesWalker } from '../support/traced-backends.ts'
import { tracedDisappointment } from '../support/traced-packets.ts'

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url))

beforeAll(async () => {
  enterNewNetwork()
  await execa('ip', ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1'])
})

async function load(rules: IptablesRuleset, flavour: Flavour): Promise<void> {
  for (const { family, text } of iptablesSections(rules)) {
    const restore = `${family === 'ip' ? 'iptables' : 'ip6tables'}-${flavour}-restore`
    await execa(restore, ['--noflush'], { input: text })
  }
}

async function empty(flavour: Flavour): Promise<void> {
  const input = ['mangle', 'nat', 'filter'].map((table) => `*${table}\nCOMMIT\n`).join('')
  for (const family of ['iptables', 'ip6tables']) {
    await execa(`${family}-${flavour}-restore`, { input })
  }
}

function rendered(folder: string, input = 'input.yaml'): IptablesRuleset {
  const { cluster, node, settings } = fixtureGoal(folder, input, 'iptables')
  return chainsFor(cluster, node, settings)
}

/** `explain` without files walks what the kernel holds: it has to be what was sent there. */
describe.each(FLAVOURS)('what iptables-%s reads back from the kernel', (flavour) => {
  const having = packetFixtures()
    .filter((_, at) => isTried(at, flavour))
    .filter(({ name }) => lacking(name, 'iptables') === undefined)
  test.each(having.map((each) => [each.name, each.sentence, each] as const))(
    '%s: %s',
    async (name, _, { node, steps }) => {
      for (const { input, packets } of steps) {
        await load(rendered(dirname(node), basename(input)), flavour)
        const state = await readIptables(await findPrograms(flavour))
        await empty(flavour)
        if (state.kind !== 'read') throw new Error(state.obstacle.reason)
        const walker = iptablesWalker(state.ruleset)
        const complaints = packets.map((usual) =>
          tracedDisappointment(walker, expectedOf(name, 'iptables', usual)),
        )
        expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([])
      }
    },
  )
})

describe('nodelb explain', () => {
  const explain = async (...args: readonly string[]) => {
    const { stdout, stderr } = await execa(process.execPath, [program, 'explain', ...args])
    expect(stderr).toBe('')
    return stdout
  }
  const sticky = `${fixtures}/session-affinity`
  const packet = ['--from', '192.0.2.2', '--to', '203.0.113.70:80', '--in', 'eth0']

  test('from files, in the words of iptables', async () => {
    const files = ['-f', `${sticky}/input.yaml`, `${sticky}/node.yaml`, '--node', 'node-a']
    expect(
      await explain(...packet, ...files, '--backend', 'iptables', '--full'),
    ).toMatchInlineSnapshot(`
      "192.0.2.2 -> 203.0.113.70:80/tcp, in by eth0: delivered
        Service   shop/sessions:http load-balancer
        policy    Cluster: endpoints on any node
        affinity  ClientIP: the client is not remembered yet, and will stay where this leads
        endpoint  10.244.1.10:8080  1 of 3
                  10.244.1.11:8080  1 of 3
                  10.244.2.10:8080  1 of 3
        sees      the node's address on the way there, masqueraded: policy Cluster: the endpoint may be on another node, and answers have to come back here

        prerouting
          nat PREROUTING: -j NODELB-DISPATCH
          nat NODELB-DISPATCH: -j NODELB-VIPS
          nat NODELB-VIPS: -d 203.0.113.70/32 -p tcp -m tcp --dport 80 -m comment --comment "shop/sessions:http load-balancer" -g NODELB-S-203.0.113.70-tcp-80
          nat NODELB-S-203.0.113.70-tcp-80: -j MARK --set-xmark 0x4000/0x4000
          nat NODELB-S-203.0.113.70-tcp-80: one of
            -p tcp -m statistic --mode random --probability 0.33333333349 -m recent --set --name NODELB-203.0.113.70-tcp-80-10.244.1.10-8080 --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.244.1.10:8080
            -p tcp -m statistic --mode random --probability 0.50000000000 -m recent --set --name NODELB-203.0.113.70-tcp-80-10.244.1.11-8080 --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.244.1.11:8080
            -p tcp -m recent --set --name NODELB-203.0.113.70-tcp-80-10.244.2.10-8080 --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.244.2.10:8080

        forward
          filter FORWARD: -j NODELB-FORWARD
          filter NODELB-FORWARD: -m mark --mark 0x4000/0x4000 -j ACCEPT

        postrouting
          nat POSTROUTING: -j NODELB-POSTROUTING
          nat NODELB-POSTROUTING: -m mark --mark 0x4000/0x4000 -g NODELB-MASQUERADE
          nat NODELB-MASQUERADE: -j MARK --set-xmark 0x0/0x4000
          nat NODELB-MASQUERADE: -j MASQUERADE --random-fully"
    `)
  })

  test.each(FLAVOURS)(
    'from a kernel with the rules of iptables-%s, which remembers',
    async (flavour) => {
      await load(rendered(sticky), flavour)
      const ways = async (): Promise<readonly { odds: number; outcome: { address: string } }[]> =>
        JSON.parse(await explain(...packet, '-o', 'json')).ways
      const before = await ways()
      expect(before.map(({ odds }) => odds.toFixed(9))).toEqual(Array(3).fill('0.333333333'))
      const home = before[1]?.outcome.address
      const list = `NODELB-203.0.113.70-tcp-80-${home}-8080`
      writeFileSync(`/proc/thread-self/net/xt_recent/${list}`, '+192.0.2.2\n')
      expect(await ways()).toMatchObject([{ odds: 1, sticky: true, outcome: { address: home } }])
      await empty(flavour)
    },
  )
})
