import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { printProblem } from '../../src/decode/problem.ts'
import { type Input, readObjects } from '../../src/watch/files/read-objects.ts'
import { badObjects, node, service, slice } from '../cli/bad-objects.ts'

const good = `apiVersion: v1
kind: Service
metadata: {name: good}
spec: {ports: [{port: 80}]}
`
const folder = mkdtempSync(join(tmpdir(), 'nodelb-input-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fromText(text: string): Input {
  return readObjects(['-'], () => text)
}

function noStdin(): string {
  throw new Error('standard input is not to be read')
}

function lines(input: Input): string[] {
  return input.problems.map(printProblem)
}

function names(input: Input): string[] {
  return [
    ...input.cluster.services.map(({ name }) => name),
    ...input.cluster.slices.map(({ name }) => name),
    ...input.nodes.keys(),
  ]
}

function write(path: string, text: string): string {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

test.each(badObjects)('says what is wrong with $title, and reads the object beside it', (bad) => {
  const input = fromText(`${good}---\n${bad.text}---\n${good.replace('good', 'better')}`)
  expect(lines(input)).toEqual(bad.lines)
  expect(input.cluster.services.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['good', 'better']),
  )
  expect(names(input)).toHaveLength(bad.left === 'all' ? 3 : 2)
})

test('the objects the table starts from are good', () => {
  const input = fromText([service, slice, node].join('---\n'))
  expect(lines(input)).toEqual([])
  expect(names(input)).toEqual(['web', 'web-1', 'node-z'])
})

test('a bad part is an error, a part read otherwise is a note', () => {
  const bad = fromText(service.replace('port: 80', 'port: 70000'))
  expect(bad.problems.map(({ severity }) => severity)).toEqual(['error'])
  const zeros = fromText(service.replace('10.96.0.10', '10.096.0.10'))
  expect(zeros.problems.map(({ severity }) => severity)).toEqual(['note'])
})

test('reads JSON, and lists within lists', () => {
  const one = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'one' },
    spec: { ports: [{ port: 1 }] },
  }
  const two = { ...one, metadata: { name: 'two' } }
  const list = { apiVersion: 'v1', kind: 'List', items: [one] }
  const input = fromText(JSON.stringify({ ...list, items: [list, two] }, null, 2))
  expect(lines(input)).toEqual([])
  expect(names(input)).toEqual(['one', 'two'])
})

test('items of a typed list need no kind of their own', () => {
  const metadata = { name: 'one' }
  const services = [{ metadata, spec: { ports: [{ port: 80 }] } }]
  const slices = [
    {
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'one' } },
      addressType: 'IPv4',
    },
  ]
  const texts = [
    { apiVersion: 'v1', kind: 'ServiceList', items: services },
    { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSliceList', items: slices },
    { apiVersion: 'v1', kind: 'NodeList', items: [{ metadata }] },
    { apiVersion: 'v1', kind: 'List', items: null },
  ].map((list, i) => write(`lists/${i}.json`, JSON.stringify(list)))
  expect(names(readObjects(texts, noStdin))).toEqual(['one', 'one', 'one'])
})

test('reads the manifests of a folder in order, without hidden and other files', () => {
  write('tree/b.yaml', service)
  write('tree/a/slice.yml', slice)
  write('tree/c.json', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } }))
  write('tree/readme.md', 'not: read')
  write('tree/..data/b.yaml', service)
  symlinkSync('b.yaml', join(folder, 'tree/d.yaml'))
  const input = readObjects([join(folder, 'tree')], noStdin)
  expect(names(input)).toEqual(['web', 'web-1', 'n'])
  expect(lines(input).map((line) => line.replaceAll(folder, ''))).toEqual([
    '/tree/c.json: Node n: status.addresses: found no InternalIP, expected one; NodePorts stay where they are programmed; new ones are served nowhere',
    '/tree/d.yaml: Service shop/web: found a second definition, expected one; the last one wins',
  ])
})

test('an entry of a folder that cannot be looked at hides no other', () => {
  write('circle/good.yaml', good)
  symlinkSync('self.yaml', join(folder, 'circle/self.yaml'))
  const input = readObjects([join(folder, 'circle')], noStdin)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)).toEqual([
    `${folder}/circle: found ${folder}/circle/self.yaml: links that lead in a circle, expected a readable file or folder`,
  ])
})

test('a path that cannot be read is an error and spares the others', () => {
  mkdirSync(join(folder, 'empty'))
  const paths = [join(folder, 'missing.yaml'), join(folder, 'empty'), write('ok.txt', good)]
  const input = readObjects(paths, noStdin)
  expect(names(input)).toEqual(['good'])
  expect(lines(input).map((line) => line.replaceAll(folder, ''))).toEqual([
    '/missing.yaml: found no such file or folder, expected a readable file or folder',
    '/empty: found no .yaml, .yml or .json file, expected a folder with at least one',
  ])
})

test('names the line of a syntax error in JSON', () => {
  const file = write('bad.json', '{\n  "kind": "Service",\n  oops\n}\n')
  const [line] = lines(readObjects([file], noStdin))
  expect(line).toMatch(/bad\.json: line 3: found a syntax error \(.*\), expected JSON$/)
  const short = write('short.json', '{\n  "kind":\n')
  expect(lines(readObjects([short], noStdin))[0]).toMatch(
    /short\.json: line 3: found a syntax error/,
  )
})

test.each([
  ['{\n  "kind": x\n}\n\n', 2],
  ['{\n  "kind": "x at position 1",\n  "a": tru\n}\n', 3],
  ['{\n  "a": [\n    1,\n  ]\n}\n\n\n', 4],
  [`{\n  "a": "${'x'.repeat(90)}",\n  "b": \n}\n\n\n`, 4],
])('names the line of a token that is none of JSON', (text, line) => {
  const file = write('token.json', text)
  expect(lines(readObjects([file], noStdin))[0]).toContain(
    `token.json: line ${line}: found a syntax`,
  )
})

test('names the line of what is wrong behind the items of a large List', () => {
  const note = '0123456789abcdef'.repeat(1 << 14)
  const item = `- kind: Service\n  apiVersion: v1\n  metadata: {name: web}\n  note: ${note}\n`
  const text = `apiVersion: v1\nitems:\n${item.repeat(5)}`
  const file = write('large.yaml', `${text}\tkind: List\n`)
  expect(lines(readObjects([file], noStdin))).toEqual([
    expect.stringContaining(`large.yaml: line ${text.split('\n').length}: found a syntax error`),
  ])
})

test('counts the objects of other kinds, once per kind and file', () => {
  const other = 'apiVersion: apps/v1\nkind: Deployment\n---\n'
  expect(lines(fromText(`${other}${other}${other}${good}`))).toEqual([
    'stdin: found 3 objects of kind Deployment (apps/v1), expected Service, EndpointSlice or Node; passed over',
  ])
})

test('of two definitions the last wins', () => {
  const input = fromText(`${good}---\n${good.replace('port: 80', 'port: 81')}`)
  expect(input.cluster.services.map(({ ports }) => ports[0]?.port)).toEqual([81])
})

test('a definition that became headless removes the one before it', () => {
  const headless = good.replace('spec: {', 'spec: {clusterIP: None, ')
  expect(names(fromText(`${good}---\n${headless}`))).toEqual([])
})

test('of two definitions the last wins, whatever version they bear', () => {
  const versioned = good.replace('name: good', 'name: good, resourceVersion: "7"')
  const input = fromText(`${versioned}---\n${versioned.replace('port: 80', 'port: 81')}`)
  expect(input.cluster.services.map(({ ports }) => ports[0]?.port)).toEqual([81])
  expect(lines(input)).toEqual([
    'stdin: Service default/good: found a second definition, expected one; the last one wins',
  ])
})

test('a Node is as its last definition says, with no address of the one before', () => {
  const input = fromText(`${node}---\napiVersion: v1\nkind: Node\nmetadata: {name: node-z}\n`)
  expect(input.nodes.get('node-z')).toMatchObject({ addresses: [], podCidrs: [] })
})

test('a Service that became headless before it could not be read is not unread', () => {
  const headless = good.replace('spec: {', 'spec: {clusterIP: None, ')
  const bad = good.replace('port: 80', 'port: 0')
  expect([...fromText(`${headless}---\n${bad}`).unread]).toEqual([])
  expect([...fromText(`${bad}---\n${headless}`).unread]).toEqual([])
  expect([...fromText(bad).unread]).toEqual(['default/good'])
})

test('problems come in the order of the documents, those of a definition that is replaced too', () => {
  const slice = 'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n'
  const bad = good.replace('port: 80', 'port: 0')
  const input = fromText([bad, `${slice}metadata: {name: x}\n`, bad, good, good].join('---\n'))
  expect(lines(input)).toEqual([
    'stdin: Service default/good: spec.ports[0].port: found 0, expected a port from 1 to 65535',
    'stdin: Service default/good: spec.ports[0].port: found 0, expected a port from 1 to 65535',
    'stdin: Service default/good: found a second definition, expected one; the last one wins',
    'stdin: found 1 EndpointSlice without the label kubernetes.io/service-name, expected the name of a Service there; passed over',
  ])
})

test('a definition that cannot be read leaves the one before it', () => {
  expect(names(fromText(`${good}---\n${good.replace('port: 80', 'port: 0')}`))).toEqual(['good'])
})

test('documents are told apart inside a block text and an open quote', () => {
  const block = 'apiVersion: v1\nkind: Secret\ntext: |\n  some\n'
  const input = fromText(`${block}---\n# nothing\n---\ntext: "open\n---\n${good}`)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)[0]).toMatch(/^stdin: line 8: found a syntax error/)
})

test('reads anchors, merge keys, a byte order mark, carriage returns and directives', () => {
  const text = `\ufeff%YAML 1.2\n---\n${good}`.replaceAll('\n', '\r\n')
  expect(names(fromText(text))).toEqual(['good'])
  const merged = 'spec: {<<: *spec}'
  const anchored = `x: &spec {ports: [{port: 80}]}\n${good.replace(/spec: .*/, merged)}`
  expect(names(fromText(anchored))).toEqual(['good'])
})

test('aliases that multiply are refused, not expanded', () => {
  const levels = 'abcdefghi'.split('')
  const bomb = levels.map((level, i) => {
    const before = levels[i - 1] ?? 'z'
    return `${level}: &${level} [${Array(9).fill(`*${before}`).join(', ')}]`
  })
  const input = fromText(`z: &z lol\n${bomb.join('\n')}\n---\n${good}`)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)[0]).toMatch(/^stdin: line 1: found a document too large to read \(/)
})

test('nesting deeper than the stack is refused', () => {
  const input = fromText(`x: ${'['.repeat(20_000)}\n---\n${good}`)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)).toHaveLength(1)
})

test('lists in lists end somewhere', () => {
  let list: unknown = { apiVersion: 'v1', kind: 'List', items: [] }
  for (let i = 0; i < 20; i++) list = { apiVersion: 'v1', kind: 'List', items: [list] }
  expect(lines(fromText(JSON.stringify(list)))).toEqual([
    'stdin: items: found lists in lists, expected at most 8',
  ])
})

test('a List that kubectl prints is read whatever its size', () => {
  const managed = Array.from({ length: 11_000 }, (_, i) => `        f:annotation-${i}: {}`)
  const item = (i: number): string => `- apiVersion: v1
  kind: Service
  metadata:
    annotations:
      note: |
        metadata:
            managedFields:
        - not an item
    managedFields:
    - apiVersion: v1
      fieldsType: FieldsV1
      fieldsV1:
${managed.join('\n')}
      manager: kubectl
    name: web-${i}
    namespace: shop
  spec:
    ports:
    - port: ${80 + i}
`
  const items = Array.from({ length: 120 }, (_, i) => item(i))
  items[7] = `- apiVersion: v1\n  kind: [\n`
  const text = `apiVersion: v1\nitems:\n${items.join('')}kind: List\nmetadata:\n  resourceVersion: ""\n`
  expect(text.length).toBeGreaterThan(32 * 1024 * 1024)
  const before = process.memoryUsage().rss
  const input = fromText(text)
  expect(process.memoryUsage().rss - before).toBeLessThan(8 * text.length)
  expect(names(input)).toHaveLength(119)
  expect(input.cluster.services[118]).toMatchObject({ name: 'web-119', ports: [{ port: 199 }] })
  const line = 3 + 7 * (item(0).split('\n').length - 1)
  expect(lines(input)).toEqual([expect.stringMatching(`^stdin: line ${line + 1}: found a syntax`)])
})

test('a List of a mebibyte is read like a small one, indented or not', () => {
  const one = (i: number, dash: string): string =>
    `${dash}- apiVersion: v1\n${dash}  kind: Service\n${dash}  metadata: {name: s-${i}, labels: {x: "${'y'.repeat(300)}"}}\n` +
    `${dash}# a comment\n\n${dash}  spec: {ports: [{port: 80}]}\n`
  for (const dash of ['', '  ']) {
    const items = Array.from({ length: 3_000 }, (_, i) => one(i, dash)).join('')
    const text = `kind: List\nitems:\n${items}apiVersion: v1\n`
    expect(text.length).toBeGreaterThan(1024 * 1024)
    const input = fromText(`${text}---\n${good}`)
    expect(lines(input)).toEqual([])
    expect(names(input)).toHaveLength(3_001)
  }
})

test('a large List may end with its items, and without the end of a line', () => {
  const long = `x: "${'y'.repeat(1024 * 1024)}"`
  const items = `items:\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: first\n    managedFields:\n    - [\n  spec: {ports: [{port: 80}]}\n`
  const last = `- {apiVersion: v1, kind: Service, metadata: {name: last}, spec: {ports: [{port: 80}]}}`
  const input = fromText(`${long}\napiVersion: v1\nkind: List\n${items}${last}`)
  expect(lines(input)).toEqual([])
  expect(names(input)).toEqual(['first', 'last'])
})

test('in a large List managedFields are passed over in metadata alone', () => {
  const item = `items:\n- kind: Service\n  spec:\n    managedFields:\n    - [\n  metadata: {name: web}\n`
  const input = fromText(`x: "${'y'.repeat(1024 * 1024)}"\napiVersion: v1\nkind: List\n${item}`)
  expect(lines(input)).toEqual([expect.stringMatching(/^stdin: line \d+: found a syntax error/)])
})

test('a large List that cannot be read beside its items is one line', () => {
  const items = `items:\n${good.replace('apiVersion', '- apiVersion').replaceAll('\n', '\n  ')}\n`
  const input = fromText(`x: "${'y'.repeat(1024 * 1024)}"\nkind: [\n${items}\n---\n${good}`)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)).toEqual([expect.stringMatching(/^stdin: line \d+: found a syntax error/)])
})

test('a document in block style is read whatever its size', () => {
  const annotation = `  annotations:\n    x: "${'y'.repeat(33 * 1024 * 1024)}"\n`
  const large = `apiVersion: v1\nkind: Service\nmetadata:\n  name: large\n${annotation}spec:\n  ports:\n  - port: 80\n`
  const input = fromText(`${large}---\n${good}`)
  expect(lines(input)).toEqual([])
  expect(names(input)).toEqual(['large', 'good'])
})

test('a document that is too large, and in another style, is one line', () => {
  const input = fromText(`x: ["${'y'.repeat(33 * 1024 * 1024)}"]\n---\n${good}`)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)).toEqual([
    'stdin: line 1: found a YAML document of 33 MB, expected at most 32 MB, a List in block style, or JSON',
  ])
})

test('octal numbers are read as kubectl reads them', () => {
  const input = fromText(good.replace('port: 80', 'port: 0120'))
  expect(input.cluster.services.map(({ ports }) => ports[0]?.port)).toEqual([80])
  const text = fromText(good.replace('good', '"0120"'))
  expect(names(text)).toEqual(['0120'])
})

test.each([
  ['a merge key', `x: &x {y: 1}\n---\nz:\n  <<: *x\n`, /found a (merge key|syntax error)/],
  ['a merge of no mapping', 'x: &x 5\nz:\n  <<: *x\n', /found a merge key \(<<\) of what is no/],
  ['deep nesting', `x: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, /nested too deep/],
  ['deep JSON', `{"x": ${'['.repeat(200_000)}`, /nested too deep|syntax error \(Unexpected end/],
])('says what %s is', (_, text, line) => {
  const input = fromText(`${text}---\n${good}`)
  expect(lines(input)[0]).toMatch(line)
  expect(lines(input)[0]).not.toMatch(/too large|call stack/)
})

test('a file that is not UTF-8 is said to be that', () => {
  const file = write('utf16.yaml', '')
  for (const bytes of [Buffer.from(`\ufeff${good}`, 'utf16le'), Buffer.from(good, 'utf16le')]) {
    writeFileSync(file, bytes)
    expect(lines(readObjects([file], noStdin))).toEqual([
      `${file}: found what is not text in UTF-8, expected a readable file`,
    ])
  }
})

test('a folder with a link to itself is read once', () => {
  write('loop/a/good.yaml', good)
  symlinkSync('..', join(folder, 'loop/a/up'))
  symlinkSync('.', join(folder, 'loop/a/here'))
  const input = readObjects([join(folder, 'loop')], noStdin)
  expect(names(input)).toEqual(['good'])
  expect(lines(input)).toEqual([])
})

test('a key named __proto__ changes nothing', () => {
  const tricks = [
    'apiVersion: v1\nkind: Service\n__proto__: {spec: {ports: [{port: 80}]}}\nmetadata: {name: a}\n',
    '{"apiVersion":"v1","kind":"Service","__proto__":{"spec":{"ports":[{"port":80}]}},"metadata":{"name":"a"}}',
  ]
  for (const trick of tricks) {
    expect(lines(fromText(trick))).toEqual([
      'stdin: Service default/a: spec: found nothing, expected an object',
    ])
  }
  expect(Object.hasOwn(Object.prototype, 'spec')).toBe(false)
})

test('numbers, booleans and times of YAML 1.1 stay texts', () => {
  const text = good.replace('name: good', 'name: on, creationTimestamp: 2026-01-31T12:00:00Z')
  const [service] = fromText(text).cluster.services
  expect(service).toMatchObject({ name: 'on', created: '2026-01-31T12:00:00Z' })
})

test('a Service over the limits is left out and named, with what is to be done; the rest is read', () => {
  const externalIPs = Array.from({ length: 65 }, (_, n) => `203.0.113.${n}`)
  const ports = Array.from({ length: 64 }, (_, n) => ({ name: `p${n}`, port: 1_000 + n }))
  const fat = { metadata: { name: 'fat' }, spec: { clusterIP: '', externalIPs, ports } }
  const text = `${good}---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Service', ...fat })}\n`
  const input = fromText(text)
  expect(input.cluster.services.map(({ name }) => name)).toEqual(['good'])
  expect([...input.unread]).toEqual(['default/fat'])
  expect(lines(input)).toEqual([
    'Service default/fat: spec.externalIPs: found 4160 pairs of address and port (65 addresses, 64 ports), expected at most 4096: make several Services of it, or raise limits.claimsPerService',
  ])
  const limits = { claimsPerService: 4_160, entriesPerService: 16_640, entriesPerNamespace: 16_641 }
  const within = readObjects(['-'], () => text, { limits })
  expect(within.problems).toEqual([])
  expect(within.cluster.services).toHaveLength(2)
  const narrow = readObjects(['-'], () => text, {
    limits: { ...limits, entriesPerNamespace: 16_639 },
  })
  expect([...narrow.unread]).toEqual(['default/fat'])
})
