import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'

const folder = new URL('../../fixtures/session-affinity/', import.meta.url).pathname
const ADDRESSES: Readonly<Record<string, string>> = {
  'pod-a': '10.244.1.10',
  'pod-b': '10.244.1.11',
  'pod-c': '10.244.1.12',
  'pod-d': '10.244.2.10',
  'pod-e': '10.244.2.11',
}
const input = readFileSync(`${folder}input.yaml`, 'utf8')
const vip = /- ip: "?([\d.]+)"?/.exec(input)?.[1] ?? ''
const port = /- name: http\s+(?:protocol: TCP\s+)?port: (\d+)/.exec(input)?.[1] ?? '80'

let lab: Lab
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(`${tmpdir()}/nodelb-affinity-`)
  lab = await Lab.build()
})
afterAll(async () => {
  await lab?.remove()
  await rm(scratch, { recursive: true })
})

async function applied(text: string): Promise<string> {
  const file = `${scratch}/input.yaml`
  writeFileSync(file, text)
  const { stdout, exitCode, stderr } = await lab.nodelb([
    ...['apply', '-f', file, `${folder}node.yaml`, '--node', 'node-a'],
  ])
  expect(exitCode, stderr).toBe(0)
  return stdout
}

async function answering(): Promise<string> {
  const answers = await lab.probe({ from: 'client', to: `${vip}:${port}`, count: 5 })
  const pods = new Set(
    answers.map((answer) => (answer.kind === 'answered' ? answer.pod : answer.kind)),
  )
  expect([...pods]).toHaveLength(1)
  return [...pods][0] ?? ''
}

test('a client stays with its endpoint, and moves to another one when that leaves', async () => {
  await applied(input)
  const first = await answering()
  expect(Object.keys(ADDRESSES)).toContain(first)
  const endpoint = new RegExp(`\\n( *)- addresses: \\["?${ADDRESSES[first]}"?\\](?:\\n\\1  .*)*`)
  const without = input.replace(endpoint, '')
  expect(without).not.toBe(input)
  await applied(without)
  const second = await answering()
  expect(Object.keys(ADDRESSES)).toContain(second)
  expect(second).not.toBe(first)
  expect(await applied(without)).toContain('0 operations')
})
