import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { announcersCommand } from '../../src/cli/announcers/announcers.ts'

const folder = mkdtempSync(join(tmpdir(), 'nodelb-announcers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const GOLDEN = new URL('../golden/announcers/', import.meta.url).pathname

async function run(
  file: string,
  rest: { without?: string[]; node?: string; config?: string } = {},
) {
  let out = ''
  const said: string[] = []
  const options = {
    files: [file],
    config: rest.config,
    format: 'json' as const,
    without: rest.without ?? [],
    node: rest.node,
  }
  const code = await announcersCommand(options, {
    out: (text) => {
      out += text
    },
    say: (line) => said.push(line.replaceAll(folder, '')),
    colour: false,
  })
  return { code, out, said }
}

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

test.each([
  [
    { without: ['n1', 'n9'] },
    'nodelb: --without: found "n9", expected the name of a Node in the files',
  ],
  [{ node: 'n9' }, 'nodelb: --node: found "n9", expected the name of a Node in the files'],
])('refuses %j', async (options, line) => {
  expect(await run(`${GOLDEN}all-nodes.yaml`, options)).toEqual({ code: 2, out: '', said: [line] })
})

test('a file that is not there is trouble, and so is a document that is no object', async () => {
  const none = await run(join(folder, 'none.yaml'))
  expect(none).toMatchObject({
    code: 2,
    said: ['/none.yaml: found no such file or folder, expected a readable file or folder'],
  })
  const odd = await run(written('odd.yaml', '- just a list\n'))
  expect(odd.code).toBe(2)
  expect(odd.said).toHaveLength(1)
})

test('a configuration that cannot be read is trouble before anything is printed', async () => {
  const config = written(
    'config.yaml',
    'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nannounce: {layer3: {}}\n',
  )
  expect(await run(`${GOLDEN}all-nodes.yaml`, { config })).toEqual({
    code: 2,
    out: '',
    said: [
      '/config.yaml: NodelbConfiguration: announce.layer3: found an unknown field, expected one of ping, bgp, layer2',
    ],
  })
})

test('a bad object is told once and costs nothing else', async () => {
  const file = written(
    'bad.yaml',
    `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {n: 1}}
spec: {type: LoadBalancer}
`,
  )
  const { code, out, said } = await run(file)
  expect({ code, said }).toEqual({ code: 0, said: [] })
  const { problems } = JSON.parse(out)
  expect(problems).toEqual([
    {
      object: 'Service/shop/web',
      message: 'metadata.labels.n: found 1, expected text, in quotes if need be',
    },
  ])
})

test('a misspelt kind of MetalLB is trouble, because nobody can tell what it would change', async () => {
  const file = written('kind.yaml', 'apiVersion: metallb.io/v1beta1\nkind: L2advertisement\n')
  const { code, out } = await run(file)
  expect(code).toBe(2)
  expect(JSON.parse(out).problems).toMatchObject([
    { message: 'kind: found "L2advertisement", expected L2Advertisement' },
  ])
})
