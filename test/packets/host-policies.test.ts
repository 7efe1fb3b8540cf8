import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'
import { clean } from '../support/played-packets.ts'
import type { PartyName } from '../support/topology.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'

// Hosts where Docker or a firewall drops what no rule accepts (kubernetes#39823).

let lab: Lab
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-policies-'))
  lab = await Lab.build()
})
afterAll(async () => {
  await lab?.remove()
  rmSync(folder, { recursive: true })
})

/** A port on which the lab's node answers by itself; another one beside it is 8080. */
const HEALTH_CHECK = 9090

describe.each(['nft', 'legacy'] as const)('where iptables-%s drops by policy', (flavour) => {
  const programs = [`iptables-${flavour}`, `ip6tables-${flavour}`]
  const iptables = async (program: string, ...args: string[]): Promise<string> => {
    const ran = await lab.run(program, args)
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0 })
    return ran.stdout
  }

  test('what is balanced is forwarded, and health checks come in', async () => {
    for (const program of programs) await iptables(program, '-P', 'FORWARD', 'DROP')
    // ip6tables lets neighbours be heard.
    await iptables(`iptables-${flavour}`, '-P', 'INPUT', 'DROP')

    await apply('Cluster', flavour)
    expect(await outcome('client', '203.0.113.10:80')).toEqual('pod-a')
    expect(await outcome('client', '[2001:db8:100::10]:80')).toEqual('pod-a')
    expect(await outcome('client', '192.0.2.1:30080')).toEqual('pod-a')
    expect(await outcome('client', '10.244.1.10:8080'), 'not balanced').toEqual('dropped')

    await apply('Local', flavour)
    expect(await outcome('client', '203.0.113.10:80')).toEqual('pod-a')
    expect(await outcome('client', '[2001:db8:100::10]:80')).toEqual('pod-a')
    expect(await outcome('pod-b', '203.0.113.10:80')).toEqual('pod-a')
    expect(await outcome('client', `192.0.2.1:${HEALTH_CHECK}`)).toEqual('node')
    expect(await outcome('client', '192.0.2.1:8080'), 'not a health check').toEqual('dropped')

    const [program = ''] = programs
    const foreign = '-s 198.18.0.0/15 -j RETURN'
    await iptables(program, '-I', 'FORWARD', ...foreign.split(' '))
    await apply('Local', flavour)
    const forward = (await iptables(program, '-S', 'FORWARD')).split('\n')
    expect(forward.filter((rule) => rule.includes('NODELB-FORWARD'))).toHaveLength(1)
    expect(forward.indexOf('-A FORWARD -j NODELB-FORWARD'), 'filters of others stay before').toBe(
      forward.indexOf(`-A FORWARD ${foreign}`) + 1,
    )

    await clean(lab)
    for (const each of programs) {
      await iptables(each, '-F')
      await iptables(each, '-P', 'FORWARD', 'ACCEPT')
      await iptables(each, '-P', 'INPUT', 'ACCEPT')
    }
  })
})

async function apply(policy: 'Cluster' | 'Local', flavour: string): Promise<void> {
  const ports = [{ name: 'tcp', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }]
  const check = policy === 'Local' ? { healthCheckNodePort: HEALTH_CHECK } : {}
  const service = webService({ externalTrafficPolicy: policy, ports, ...check })
  const objects = join(folder, 'objects.json')
  writeFileSync(objects, list([webNode, service, ...webSlices(['pod-a'])]))
  const config = join(folder, 'config.yaml')
  writeFileSync(
    config,
    `{apiVersion: nodelb.io/v1alpha1, kind: NodelbConfiguration, scope: all, backend: iptables, iptables: {flavour: ${flavour}}}`,
  )
  const applied = await lab.nodelb(['apply', '-f', objects, '--node', 'node-a', '--config', config])
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
}

/** Who answered, or what became of the connection. */
async function outcome(from: PartyName, to: string): Promise<string> {
  const [result] = await lab.probe({ from, to, count: 1, timeout: 2_000 })
  return result?.kind === 'answered' ? result.pod : String(result?.kind)
}
