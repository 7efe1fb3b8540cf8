import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { AgentLab } from '../support/agent-lab.ts'
import { bundle, inMemory, readOnly, runBundle } from '../support/container.ts'
import { RunningProgram } from '../support/running-program.ts'
import { webObjects } from '../support/web.ts'

const build = fileURLToPath(new URL('build.sh', import.meta.url))
const manifest = fileURLToPath(new URL('../../deploy/base/daemon-set.yaml', import.meta.url))
const pod = parse(readFileSync(manifest, 'utf8')).spec.template.spec
const [container] = pod.containers

/** The agent of the image, in a container. */
class ContainedAgent extends RunningProgram {
  static start(command: readonly string[]): ContainedAgent {
    return new ContainedAgent(command)
  }
}

let root: string
let lab: AgentLab
let containers = 0

beforeAll(async () => {
  root = (await execa(build, { stderr: 'inherit' })).stdout
  lab = await AgentLab.build()
}, 900_000)
afterAll(() => lab?.remove())

/** The command that runs the program of the image on the lab's node. */
function contained(...args: readonly string[]): readonly string[] {
  const id = `nodelb-image-${process.pid}-${containers++}`
  const network = `/run/netns/${lab.lab.namespace('node')}`
  const mounts = [inMemory('/run/nodelb', '1m'), readOnly(lab.folder, '/objects')]
  const folder = lab.path(id)
  return runBundle(bundle({ root, folder, network, args, mounts, pod, container }), id)
}

async function output(...args: readonly string[]): Promise<string> {
  const [file = '', ...rest] = contained(...args)
  const { stdout } = await execa(file, rest)
  return stdout
}

describe('the image', () => {
  test('has the programs that it needs, of the versions that it names', async () => {
    expect(await output('nodelb', '--version')).toBe(packageJson.version)
    expect(await output('node', '--version')).toMatch(/^v26\./)
    for (const program of ['nft', 'conntrack', 'iptables-nft', 'iptables-legacy']) {
      expect(await output(program, '--version')).toMatch(/v\d+\.\d+/)
    }
  })

  test('has no package manager of Node.js, no compiler, and of its own what runs alone', async () => {
    const programs = await Promise.all(
      ['bin', 'usr/bin', 'usr/local/bin'].map((folder) => readdir(join(root, folder))),
    )
    for (const name of ['npm', 'npx', 'yarn', 'gcc', 'make']) {
      expect(programs.flat()).not.toContain(name)
    }
    expect((await readdir(join(root, 'nodelb'))).sort()).toEqual([
      'LICENSE',
      'dist',
      'node_modules',
      'package.json',
    ])
    expect((await readdir(join(root, 'nodelb/dist'))).sort()).toEqual([
      'THIRD-PARTY-NOTICES.txt',
      'nodelb.js',
    ])
  })

  test.each([
    ['nodelb/LICENSE', 'Apache License'],
    ['nodelb/dist/THIRD-PARTY-NOTICES.txt', 'MIT'],
    ['usr/local/share/doc/node/LICENSE', 'Node.js is licensed for use as follows'],
    ['usr/share/doc/nftables/copyright', 'GPL'],
    ['usr/share/doc/conntrack/copyright', 'GPL'],
    ['usr/share/doc/iptables/copyright', 'GPL'],
  ])('has the licence text %s', (file, words) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(words)
  })
})

test('its agent takes over the rules of the one before it without an operation, and serves', async () => {
  lab.write(webObjects(['pod-a']))
  const former = lab.start()
  await former.first('agent-ready')
  expect(await lab.answers()).toEqual(['pod-a'])
  await lab.endAgents()

  const agent = ContainedAgent.start(
    contained(
      'nodelb',
      'run',
      '-f',
      '/objects',
      '--node',
      'node-a',
      '--scope',
      'all',
      '--log-level',
      'debug',
    ),
  )
  try {
    const { operations } = await agent.next('agent-ready')
    expect(operations).toBe(0)
    lab.write(webObjects(['pod-b']))
    await agent.next('kernel-committed')
    expect(await lab.answers()).toEqual(['pod-b'])
  } finally {
    expect(await agent.end('SIGTERM'), agent.transcript()).toBe(0)
  }
  expect(await lab.answers()).toEqual(['pod-b'])
})
