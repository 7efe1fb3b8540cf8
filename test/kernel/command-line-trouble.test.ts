import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { service, slice } from '../cli/bad-objects.ts'

/** What the built program answers where input is missing, or where it cannot be told what it is. */

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const node = `${fixtures}load-balancer/node.yaml`
let folder = ''

beforeAll(async () => {
  enterNewNetwork()
  folder = await mkdtemp(join(tmpdir(), 'nodelb-trouble-'))
  await write('good.yaml', `${service}---\n${slice}`)
  const applied = await nodelb(['apply', '-f', join(folder, 'good.yaml'), node])
  expect(applied).toMatchObject({ code: 0, err: [] })
})
afterAll(() => rm(folder, { recursive: true }))

interface Result {
  readonly code: number | undefined
  readonly out: string
  readonly err: readonly string[]
}

async function nodelb(args: readonly string[], stdin = ''): Promise<Result> {
  const command = [program, ...args, '--node', 'node-a', '--scope', 'all']
  const ended = await execa(process.execPath, command, { input: stdin, reject: false })
  const err = ended.stderr === '' ? [] : ended.stderr.replaceAll(`${folder}/`, '').split('\n')
  return { code: ended.exitCode, out: ended.stdout, err }
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

const packet = ['--from', '198.51.100.9', '--to', '203.0.113.10:80']

describe('input that is not there, or that cannot be parsed, is trouble', () => {
  const missing = /^typo\.yaml: found no such file or folder/
  test.each([
    ['render', [], 'table'],
    ['diff', [], '0 operations'],
    ['apply', [], 'applied: 0 operations'],
    ['explain', packet, '198.51.100.9 -> 203.0.113.10:80/tcp'],
  ])('%s, of a file that does not exist: the rest is read, exit 2', async (command, more, out) => {
    const files = ['good.yaml', 'typo.yaml'].map((name) => join(folder, name))
    const ended = await nodelb([command, ...more, '-f', node, ...files])
    expect(ended).toMatchObject({ code: 2, err: [expect.stringMatching(missing)] })
    expect(ended.out).toContain(out)
  })

  test('diff --against a file that does not exist', async () => {
    const files = ['-f', node, join(folder, 'good.yaml'), '--against', join(folder, 'typo.yaml')]
    const ended = await nodelb(['diff', ...files])
    expect(ended).toEqual({ code: 2, out: '', err: [expect.stringMatching(missing)] })
  })

  test.each([
    ['a tab', 'apiVersion: v1\nkind: Node\n\tmetadata: {name: node-a}\n', /a syntax error/],
    ['nothing at all', '', /^it\.yaml: found nothing, expected objects$/],
    ['white space', ' \n\n', /^it\.yaml: found nothing, expected objects$/],
  ])('a file of %s', async (_, text, line) => {
    const file = await write('it.yaml', text)
    const ended = await nodelb(['diff', '-f', node, join(folder, 'good.yaml'), file])
    expect(ended).toEqual({ code: 2, out: '0 operations', err: [expect.stringMatching(line)] })
  })

  test.each([
    ['nothing', ''],
    ['a comment', '# kubectl said nothing\n---\n'],
  ])('standard input of %s', async (_, text) => {
    const err = ['stdin: found nothing, expected objects']
    const from = await nodelb(['diff', '-f', node, '-'], text)
    expect(from).toEqual({ code: 2, out: '0 operations', err })
    const against = ['diff', '-f', node, join(folder, 'good.yaml'), '--against', '-']
    expect(await nodelb(against, text)).toEqual({ code: 2, out: '', err })
  })

  test('an empty List says that there is nothing', async () => {
    const list = '{"apiVersion": "v1", "kind": "List", "items": []}'
    expect(await nodelb(['diff', '-f', node, '-'], list)).toMatchObject({ code: 1, err: [] })
  })
})

describe('what cannot be identified holds all of its kind', () => {
  test.each([
    ['a Service without apiVersion', service.replace('apiVersion: v1\n', ''), 'apiVersion'],
    ['a Service of another version', service.replace('v1', 'v1beta1'), 'apiVersion'],
    ['a kind in small letters', service.replace('Service', 'service'), 'kind'],
    ['a namespace that is none', service.replace('shop', 'Shop'), 'metadata.namespace'],
    ['no name', service.replace('name: web, ', ''), 'metadata.name'],
    ['a Helm template', service.replace('web', '{{ .Release.Name }}'), 'metadata.name'],
  ])('%s', async (_, text, path) => {
    const file = await write('it.yaml', `${text}---\n${slice}`)
    const { code, out, err } = await nodelb(['diff', '-f', node, file])
    expect(err).toEqual([expect.stringMatching(new RegExp(`^it\\.yaml: Service \\S+: ${path}: `))])
    expect({ code, out }).toEqual({ code: 2, out: '0 operations' })
  })

  test.each([
    ['a slice without a name', slice.replace('name: web-1, ', ''), 'metadata.name'],
    [
      'a slice of a Service with no name',
      slice.replace('name: web}', 'name: [web]}'),
      'metadata.labels',
    ],
  ])('%s', async (_, text, path) => {
    const file = await write('it.yaml', `${service}---\n${text}`)
    const { code, out, err } = await nodelb(['diff', '-f', node, file])
    expect(err).toEqual([expect.stringContaining(path)])
    expect({ code, out }).toEqual({ code: 2, out: '0 operations' })
  })

  test.each([
    ['whose ports are all wrong', slice.replaceAll(/port: (\d+)/g, 'port: "$1"')],
    ['whose endpoints are all wrong', slice.replaceAll(/\[10\.244\.1\.(\d+)\]/g, '[pod-$1]')],
  ])('a slice %s holds its Service', async (_, text) => {
    const file = await write('it.yaml', `${service}---\n${text}`)
    const { code, out, err } = await nodelb(['diff', '-f', node, file])
    expect(err).toHaveLength(2)
    expect({ code, out }).toEqual({ code: 0, out: '0 operations' })
  })

  test('a Service of another group is another kind: what is programmed goes', async () => {
    const file = await write('it.yaml', service.replace('v1', 'serving.knative.dev/v1'))
    const { code, err } = await nodelb(['diff', '-f', node, file])
    expect(err).toEqual([expect.stringContaining('Service (serving.knative.dev/v1)')])
    expect(code).toBe(1)
  })
})

describe('a field that cannot be read costs what depends on it', () => {
  const broken = service.replace('[192.0.2.0/24]', '[192.0.2.0/24, all]')
  const line = expect.stringMatching(/loadBalancerSourceRanges\[1\]: found "all"/)

  test('what the kernel holds of the Service stays', async () => {
    const file = await write('it.yaml', `${broken}---\n${slice}`)
    const ended = await nodelb(['diff', '-f', node, file])
    expect(ended).toEqual({ code: 0, out: '0 operations', err: [line] })
  })

  test('of one that the kernel does not hold, the rest is programmed', async () => {
    const renamed = `${broken}---\n${slice}`.replaceAll('web', 'new').replaceAll('0.10', '0.11')
    const file = await write(
      'it.yaml',
      renamed.replaceAll('.200', '.201').replace('113.10', '113.12').replace('30080', '30081'),
    )
    const both = [join(folder, 'good.yaml'), file]
    const { code, out, err } = await nodelb(['diff', '-f', node, ...both, '--full'])
    expect(err).toEqual([line])
    expect(code).toBe(1)
    expect(out).toMatch(/services \{ 10\.96\.0\.11 \. tcp \. 80 \}|services { 10\.96\.0\.11/)
    expect(out).toMatch(/allowed-sources \{ 203\.0\.113\.12 \. tcp \. 80 \. 192/)
  })

  test('a definition before it in the input tells what the field was', async () => {
    const file = await write('it.yaml', `${service}---\n${broken}---\n${slice}`)
    const { code, out } = await nodelb(['diff', '-f', node, file])
    expect({ code, out }).toEqual({ code: 0, out: '0 operations' })
  })
})

describe('what is no bug is said in one line, with exit code 2', () => {
  const shell = async (script: string): Promise<Result> => {
    const ended = await execa('sh', ['-c', script, process.execPath, program, node], {
      reject: false,
    })
    const err = ended.stderr === '' ? [] : ended.stderr.split('\n')
    return { code: ended.exitCode, out: ended.stdout, err }
  }

  test('a full disk', async () => {
    const err = ['nodelb: standard output cannot be written: no space left on the device']
    const full = await shell(
      `exec "$0" "$1" render -f "$2" ${join(folder, 'good.yaml')} --node node-a --scope all > /dev/full`,
    )
    expect(full).toEqual({ code: 2, out: '', err })
  })

  test('explain --in an interface that does not exist', async () => {
    const ended = await nodelb(['explain', ...packet, '--in', 'nosuch'].slice(0, 7))
    expect(ended).toMatchObject({ code: 2, out: '' })
    expect(ended.err[0]).toMatch(
      /--in: found "nosuch", expected an interface of this machine: .*lo/,
    )
  })

  test('a protocol in capitals is that protocol', async () => {
    const args = ['explain', '--from', '198.51.100.9', '--to', '203.0.113.10:80/TCP']
    const ended = await nodelb([...args, '-f', node, join(folder, 'good.yaml')])
    expect(ended).toMatchObject({ code: 0, err: [] })
    expect(ended.out).toContain('203.0.113.10:80/tcp')
  })

  test('prepare without the right to set anything', async () => {
    const config = await write(
      'conntrack.yaml',
      'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nconntrack: {maxPerCore: 77777, min: 7777777}\n---\napiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nscope: all\n',
    )
    await chmod(folder, 0o755)
    const script = `exec setpriv --reuid 65534 --clear-groups --bounding-set=-all --inh-caps=-all "$0" "$1" prepare --config ${config}`
    const ended = await shell(script)
    expect(ended.code).toBe(2)
    expect(ended.out).toMatch(
      /should be \d+ \((EACCES|EPERM|EROFS)\); run this as root in a privileged/,
    )
    expect(ended.out).not.toContain('init container')
  })
})
