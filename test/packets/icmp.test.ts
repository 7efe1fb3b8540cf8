import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'

let lab: Lab
const folder = new URL('../../fixtures/cluster-ip/', import.meta.url).pathname

beforeAll(async () => {
  lab = await Lab.build()
  const sources = ['-f', `${folder}input.yaml`, `${folder}node.yaml`]
  await lab.nodelb(['apply', ...sources, '--node', 'node-a', '--config', `${folder}config.yaml`])
})
afterAll(async () => lab?.remove())

test('an echo request to a ClusterIP is refused, from outside and from a pod', async () => {
  const text = await lab.run('nft', ['list', 'set', 'ip', 'nodelb', 'cluster-ips'])
  const address = /(\d+\.\d+\.\d+\.\d+) comment/.exec(text.stdout)?.[1]
  expect(address).toBeDefined()
  for (const from of ['client', 'pod-a'] as const) {
    const ping = [
      'netns',
      'exec',
      lab.namespace(from),
      'ping',
      '-c',
      '1',
      '-W',
      '2',
      String(address),
    ]
    const { stdout, exitCode } = await execa('ip', ping, { reject: false })
    expect(stdout, from).toContain('Destination Port Unreachable')
    expect(exitCode, from).not.toBe(0)
  }
})
