import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'

/** The built program's command `bundle` on a node with rules, into a pipe as `kubectl exec` has it. */

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const fixtures = fileURLToPath(new URL('../../fixtures/load-balancer', import.meta.url))
const files = ['-f', `${fixtures}/input.yaml`, `${fixtures}/node.yaml`]

beforeAll(() => enterNewNetwork())

test('has the rules that the kernel holds, and the objects of files', async () => {
  await execa(process.execPath, [program, 'apply', ...files, '--node', 'node-a'])
  const args = ['bundle', '-o', '-', '--log', '/nowhere', ...files]
  const { stdout: archive, stderr } = await execa(process.execPath, [program, ...args], {
    encoding: 'buffer',
  })
  expect(Buffer.from(stderr).toString()).toMatch(/^rules\.txt +\d+ bytes$/m)
  const part = async (name: string) =>
    (await execa('tar', ['xzOf', '-', `nodelb/${name}`], { input: archive })).stdout
  expect(await part('rules.txt')).toContain('table ip nodelb {')
  expect(await part('objects.yaml')).toContain('kind: EndpointSlice')
})
