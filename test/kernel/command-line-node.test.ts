import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { Sources } from '../../src/cli/arguments.ts'
import { diffCommand } from '../../src/cli/diff.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { apply, diff, run } from '../support/commands.ts'
import { list, webNode, webService, webSlices } from '../support/web.ts'

/** A Node that names no address and no pod range takes nothing away (ADR 0010). */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-node-'))
const nodePort = { name: 'tcp', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 }

beforeEach(() => enterNewNetwork())
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, node: object): string {
  const path = join(folder, name)
  const ports = { ports: [nodePort] }
  writeFileSync(path, list([node, webService(ports), ...webSlices(['pod-a'])]))
  return path
}

const SAID = [
  'Node node-a has no IPv4 address: NodePorts stay on 192.0.2.1 until the Node names another',
  'Node node-a has no IPv4 podCIDR: pods stay 10.244.1.0/24 until the Node names another',
  'Node node-a has no IPv6 address: NodePorts stay on 2001:db8:1::1 until the Node names another',
  'Node node-a has no IPv6 podCIDR: pods stay fd00:10:244:1::/64 until the Node names another',
]

test.each(['nftables', 'iptables', 'ipvs'] as const)('%s', async (backend) => {
  const whole = file('whole.json', webNode)
  const bare = file('bare.json', { ...webNode, spec: {}, status: {} })
  const of = (path: string): Sources => {
    const rest = { config: undefined, scope: 'all', format: 'text' } as const
    return { files: [path], node: 'node-a', backend, ...rest }
  }
  const against = await run(
    (chosen, output) => diffCommand(chosen, output, { against: [whole] }),
    of(bare),
  )
  expect(against).toMatchObject({ code: 0, out: '0 operations\n' })
  expect(against.lines).toEqual(expect.arrayContaining(SAID))
  if (backend === 'ipvs') return // Not in this kernel; test/vm has it.
  await apply(of(whole))
  const said = await diff(of(bare))
  expect(said).toMatchObject({ code: 0, out: '0 operations\n' })
  expect(said.lines).toEqual(expect.arrayContaining(SAID))
})
