import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { typed, VERSION } from '../support/typed.ts'

/** What the program answers to a command line that is wrong: one line, exit code 2, nothing done. */

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const node = `${fixtures}load-balancer/node.yaml`
const input = `${fixtures}load-balancer/input.yaml`
const folder = mkdtempSync(join(tmpdir(), 'nodelb-mistakes-'))
const none = join(folder, 'none.yaml')
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => vi.stubEnv('NODE_NAME', undefined))
afterEach(() => vi.unstubAllEnvs())

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const NODELB = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
const LIST = '; --help lists what there is'
const ABSENT = `${none}: found no such file or folder, expected a readable file or folder`

describe('words that no command takes', () => {
  test.each([
    [['rendr'], "unknown command 'rendr' (Did you mean render?)"],
    [['render'], "required option '-f, --filename <path...>' not specified"],
    [['diff', '-f', input, '-o', 'yaml'], /argument 'yaml' is invalid\. Allowed choices are text/],
    [['apply', '-f', input, '--backend', 'ebpf'], /argument 'ebpf' is invalid\. Allowed choices/],
    [['run', '-f', input, '--kubeconfig', none], /'--kubeconfig <file>' cannot be used with .*-f/],
    [['status', '--al'], "unknown option '--al' (Did you mean --all?)"],
    [['completion', 'csh'], /argument value 'csh' is invalid.*Allowed choices are bash, zsh, fish/],
    [['cluster', 'drain', 'n1'], "required option '--dry-run' not specified"],
    [['explain', '-f', input], "required option '--to <address:port>' not specified"],
  ])('%j', async (words, said) => {
    const line = typeof said === 'string' ? said : expect.stringMatching(said)
    const ended = await typed(...words)
    const [first = '', ...more] = ended.said
    expect({ ...ended, said: more }).toEqual({ code: 2, out: '', said: [] })
    expect(first.endsWith(LIST)).toBe(true)
    expect(first.replace(/^nodelb: /, '').replace(LIST, '')).toEqual(line)
  })

  test('a group of commands without one of them lists them, with exit code 2', async () => {
    const { code, out, said } = await typed('cluster')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said[0]).toBe('Usage: nodelb cluster [options] [command]')
    expect(said.some((line) => line.startsWith('  drain [options] <node>'))).toBe(true)
  })

  test('help that is asked for is no mistake', async () => {
    const { code, out, said } = await typed('help')
    expect({ code, said }).toEqual({ code: 0, said: [] })
    expect(out).toMatch(/^Usage: nodelb \[options\] \[command\]\n/)
    expect((await typed('cluster', 'drain', '--help')).out).toContain('--dry-run')
  })

  test.each(['-V', '--version', 'version'])('%s is the version', async (word) => {
    expect(await typed(word)).toEqual({ code: 0, out: `${VERSION}\n`, said: [] })
  })
})

describe('a configuration that is not there, or cannot be used', () => {
  const bad = written('bad.yaml', `${NODELB}announce: {layer3: {}}\n`)
  const commands = [
    ['render', '-f', input, node],
    ['diff', '-f', input, node],
    ['apply', '-f', input, node],
    ['explain', '-f', input, node, '--to', '203.0.113.10:80'],
    ['allocate', '-f', input],
    ['announcers', '-f', input],
    ['run', '--node', 'node-a'],
    ['controller', '--kubeconfig', none],
    ['cleanup'],
    ['prepare'],
    ['config'],
  ]

  test.each(commands)('%s ends before it does anything', async (...words) => {
    expect(await typed(...words, '--config', none)).toEqual({ code: 2, out: '', said: [ABSENT] })
    const { code, out, said } = await typed(...words, '--config', bad)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toEqual([expect.stringMatching(/bad\.yaml: .*announce\.layer3: found an unknown/)])
  })

  test.each(['render', 'run', 'config'])('%s refuses what no node can have', async (command) => {
    const config = written('cluster-ip.yaml', `${NODELB}scope: all\ntarget: cluster-ip\n`)
    const objects = command === 'render' ? ['-f', input, node] : []
    const own = command === 'config' ? [] : ['--node', 'node-a']
    const { code, out, said } = await typed(command, ...objects, ...own, '--config', config)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toEqual([expect.stringMatching(/target: found "cluster-ip", expected pods: with/)])
  })

  test('fields that are accepted and not used are named', async () => {
    const proxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
    const config = written('proxy.yaml', `${proxy}oomScoreAdj: -998\n`)
    const { code, out, said } = await typed('config', '--config', config)
    expect(code).toBe(0)
    expect(out).toContain('scope')
    expect(said).toEqual([expect.stringMatching(/proxy\.yaml: .*oomScoreAdj.* not used/)])
  })
})

describe('the Node', () => {
  test('that is in no file is refused, and those that are there are named', async () => {
    const said = ['command line: --node: found "node-z", expected one of node-a']
    const files = ['-f', input, node]
    expect(await typed('render', ...files, '--node', 'node-z')).toEqual({ code: 2, out: '', said })
  })

  test('without any in the files, or without a name', async () => {
    const expected = 'expected a Node object among the files'
    const nobody = await typed('render', '-f', input)
    expect(nobody.said).toEqual([`command line: --node: found nothing, ${expected}`])
    const { code, said } = await typed('render', '-f', input, node)
    expect({ code, said }).toEqual({
      code: 2,
      said: ['command line: --node: found nothing, expected one of node-a'],
    })
  })

  test('may come from the environment, or from hostnameOverride of the configuration', async () => {
    vi.stubEnv('NODE_NAME', 'node-a')
    expect(await typed('render', '-f', input, node)).toMatchObject({ code: 0, said: [] })
    vi.stubEnv('NODE_NAME', 'node-z')
    const proxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
    const config = written('host.yaml', `${proxy}hostnameOverride: node-a\n`)
    const { code, out } = await typed('render', '-f', input, node, '--config', config)
    expect({ code, rules: out.includes('table ip nodelb {') }).toEqual({ code: 0, rules: true })
  })
})

describe('the folder with the addresses that the agent gave', () => {
  test.each([
    ['render', ['--node', 'node-a']],
    ['explain', ['--node', 'node-a', '--to', 'shop/frontend']],
    ['allocate', []],
  ])('%s needs it, if it was asked for: Services would lose theirs', async (command, more) => {
    const words = [command, '-f', input, node, ...more, '--state', join(folder, 'nowhere')]
    const { code, out, said } = await typed(...words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toEqual([
      expect.stringMatching(/nowhere: .*expected the addresses that the agent gave$/),
    ])
  })

  test('with a file of it that nobody can read', async () => {
    writeFileSync(join(folder, 'allocation.json'), '{')
    const { code, said } = await typed('allocate', '-f', input, '--state', folder)
    expect(code).toBe(2)
    expect(said).toEqual([expect.stringMatching(/expected the addresses that the agent gave$/)])
  })
})

describe('run', () => {
  const files = ['-f', input, node]
  const ADDRESS = 'expected an address and a port, such as 127.0.0.1:10266 or [::1]:10266'
  test.each([
    [files, 'nodelb: --node: found nothing, expected the name of this Node (or NODE_NAME)'],
    [
      ['-f', '-', '--node', 'node-a'],
      'nodelb: --filename: found -, expected files or folders: what is followed can be read again',
    ],
    [
      [...files, '--node', 'node-a', '--listen', '10266'],
      `nodelb: --listen: found "10266", ${ADDRESS}`,
    ],
    [
      [...files, '--node', 'node-a', '--metrics-listen', 'localhost'],
      `nodelb: --metrics-listen: found "localhost", ${ADDRESS}`,
    ],
  ])('refuses %j', async (words, line) => {
    expect(await typed('run', ...words)).toEqual({ code: 2, out: '', said: [line] })
  })

  test('says all that is wrong at once', async () => {
    vi.stubEnv('KUBECONFIG', `${none}:${none}`)
    const { code, said } = await typed('run', '--listen', 'x', '--metrics-listen', 'y')
    expect(code).toBe(2)
    expect(said).toEqual([
      `nodelb: --listen: found "x", ${ADDRESS}`,
      `nodelb: --metrics-listen: found "y", ${ADDRESS}`,
      'nodelb: --node: found nothing, expected the name of this Node (or NODE_NAME)',
      'nodelb: KUBECONFIG: found 2 files, expected one: name one with --kubeconfig',
    ])
  })
})

test('controller says all that is wrong at once', async () => {
  vi.stubEnv('KUBECONFIG', `${none}:${none}`)
  expect(await typed('controller', '--config', none, '--listen', '10267')).toEqual({
    ...{ code: 2, out: '' },
    said: [
      ABSENT,
      'nodelb: --listen: found "10267", expected an address and a port, such as 127.0.0.1:10267 or [::1]:10267',
      'nodelb: KUBECONFIG: found 2 files, expected one: name one with --kubeconfig',
    ],
  })
})

describe('objects', () => {
  test('to compare with have to be readable, all of them', async () => {
    const files = ['-f', input, node, '--node', 'node-a']
    const broken = written('broken.yaml', 'kind: [')
    const { code, out, said } = await typed('diff', ...files, '--against', broken)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toEqual([expect.stringMatching(/^.*broken\.yaml: .*syntax error/)])
  })

  test('of a file that is not there are said to be missing, and the others are rendered', async () => {
    const files = ['-f', input, node, none, '--node', 'node-a']
    const { code, out, said } = await typed('render', ...files)
    expect({ code, said }).toEqual({ code: 2, said: [ABSENT] })
    expect(out).toContain('table ip nodelb {')
  })

  test('of a Service that is not there are asked for in vain', async () => {
    const { code, out, said } = await typed('allocate', '-f', input, '--service', 'shop/none')
    expect({ code, out, said }).toEqual({
      ...{ code: 2, out: '' },
      said: ['nodelb: --service: found "shop/none", expected namespace/name of a Service'],
    })
  })
})

describe('status', () => {
  test('tells that no agent runs here', async () => {
    const socket = join(folder, 'none.sock')
    const said = [`nodelb: no agent answers at ${socket}`]
    expect(await typed('status', '--status-socket', socket)).toEqual({ code: 2, out: '', said })
  })
})
