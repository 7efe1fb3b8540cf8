// Rewrites the tables in docs/behaviours.md from the folders below fixtures/ and the files of
// test/golden/allocate and test/golden/announcers, and the output in docs/addresses.md,
// docs/layer2.md, docs/bgp.md from the latter.
// With --check it changes nothing and fails when the table is stale.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))
const begin = '<!-- behaviours: made by scripts/behaviours.mjs -->'
const end = '<!-- end of behaviours -->'

/** The first pattern that fits a folder's name says where its row goes. */
const patterns = [
  [/^contested-/, 'Contested addresses'],
  [/^session-affinity/, 'Session affinity'],
  [/^source-ranges/, 'Source ranges'],
  [/^(zone|node)-hints/, 'Topology'],
  [/hairpin$|^masquerade-|^local-traffic-/, 'Masquerade and local traffic'],
  [
    /undefined-port$|unallocated-address$|^cluster-ip-without-|^load-balancer-without-endpoints$/,
    'Nothing to lead to',
  ],
  [/^node-port-without-endpoints$/, 'Nothing to lead to'],
  [/policy-local|^internal-|^node-port-without-local-/, 'Traffic policies'],
  [/^terminating-|-slices?$|^slices-|^ready-|^not-ready-/, 'Endpoints'],
  [
    /^(dual-stack|ipv6|udp|sctp|many-ports|named-target-port|same-port-)/,
    'Ports, protocols, families',
  ],
  [/^(k3s|kube-proxy|metallb|myweb)/, 'As clusters have them'],
  [/^(cluster-ip|node-port|load-balancer|external|ip-mode|headless)/, 'Addresses'],
  [/^(other-service-proxy|scope|target|shared|leading|counted)/, 'Addresses'],
]

const sections = [
  'Addresses',
  'Ports, protocols, families',
  'Endpoints',
  'Traffic policies',
  'Topology',
  'Session affinity',
  'Source ranges',
  'Masquerade and local traffic',
  'Nothing to lead to',
  'Contested addresses',
  'As clusters have them',
]

/** From docs/ to a file of the project. */
function link(text, path) {
  return `[${text}](../${path})`
}

function folders(path) {
  return readdirSync(`${root}${path}`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

function sectionOf(name) {
  const found = patterns.find(([pattern]) => pattern.test(name))
  if (found === undefined) throw new Error(`scripts/behaviours.mjs has no section for ${name}`)
  return found[1]
}

function sentence(folder) {
  const lines = readFileSync(`${root}${folder}/README.md`, 'utf8').split('\n')
  return lines[0].replaceAll('|', '\\|')
}

function behaviours() {
  const names = folders('fixtures').filter((name) => name !== 'stories' && name !== 'demo')
  return sections.flatMap((section) =>
    names.filter((name) => sectionOf(name) === section).map((name) => row(section, name)),
  )
}

/** Each backend with the ending of its golden. */
const backends = [
  ['nftables', 'nft'],
  ['iptables', 'iptables'],
  ['ipvs', 'ipvs'],
]

/** What a backend does otherwise, each reason once (fixtures/differences.yaml). */
const differences = parse(readFileSync(`${root}fixtures/differences.yaml`, 'utf8'))

function row(section, name) {
  const folder = `fixtures/${name}`
  const packets = existsSync(`${root}${folder}/packets.yaml`)
    ? link('packets', `${folder}/packets.yaml`)
    : link('none', `${folder}/README.md`)
  const cells = [section, link(name, folder), sentence(folder)]
  return `| ${[...cells, ...backends.map((backend) => cell(folder, name, backend)), packets].join(' | ')} |`
}

/** The rule set; with the number of the reason where packets fare otherwise. */
function cell(folder, name, [backend, ending]) {
  const at = differences.findIndex(
    (each) => each.backend === backend && (each.lacks?.includes(name) || each.packets?.[name]),
  )
  const golden = `${folder}/expected.${ending}`
  const mark = at < 0 ? '' : `<sup>${at + 1}</sup>`
  return existsSync(`${root}${golden}`) ? `${link('✓', golden)}${mark}` : `–${mark}`
}

function reasons() {
  return differences.map(({ backend, why, lacks, outcome, unsent }, at) => {
    const what = lacks ? 'not there' : `some packets are ${outcome}`
    const shown = unsent === undefined ? '' : ` (not sent: ${unsent})`
    return `${at + 1}. ${backend}: ${what}: ${why}${shown}.`
  })
}

function stories() {
  return folders('fixtures/stories').map((name) => {
    const folder = `fixtures/stories/${name}`
    return `| ${link(name, folder)} | ${sentence(folder)} |`
  })
}

/**
 * The commands whose goldens are below test/golden; the first line of each input says what is right,
 * and the first pattern that fits its name what it is about.
 */
const commands = {
  allocate: [
    [/^example-/, 'As clusters have them'],
    [/^(pool|config-map|no-pools|on-pool-change)/, 'Pools'],
    [/^(ask|annotation)-/, 'Requests'],
    [/^dual-stack-/, 'Families'],
    [/^share-/, 'Sharing'],
    [/^nodes-/, 'Addresses of Nodes'],
    [/^in-folder-/, 'Without an API server'],
    [/^/, 'Statuses and order'],
  ],
  announcers: [
    [/^bgp-/, 'BGP'],
    [/^(all-nodes|one-node$|nine-nodes|no-nodes|hash-|preferred-|metallb-)/, 'Order'],
    [
      /^(node-selectors|pool|no-pool|no-advertisement|service-selectors|interfaces|bad-)/,
      'Advertisements',
    ],
    [/^(node|unready-|network-|exclude-|key-)/, 'Nodes'],
    [/^(endpoints-|no-endpoints|policy-|shared-|other-class|address-)/, 'Services'],
    [/^/, 'Trying a change'],
  ],
}

function goldens(command) {
  const names = readdirSync(`${root}test/golden/${command}`)
    .filter((file) => /^[^.]+\.yaml$/.test(file))
    .map((file) => file.replace('.yaml', ''))
    .sort()
  const topicOf = (name) => commands[command].find(([pattern]) => pattern.test(name))?.[1]
  return commands[command].flatMap(([, topic]) =>
    names.filter((name) => topicOf(name) === topic).map((name) => goldenRow(command, topic, name)),
  )
}

function goldenRow(command, topic, name) {
  const path = `test/golden/${command}/${name}`
  const [first] = readFileSync(`${root}${path}.yaml`, 'utf8').split('\n')
  const what = first.replace(/^# /, '').replaceAll('|', '\\|')
  return `| ${topic} | ${link(name, `${path}.yaml`)} | ${what} | ${link('output', `${path}.txt`)} |`
}

function tables() {
  const all = behaviours()
  const changes = stories()
  const addresses = goldens('allocate')
  const announcers = goldens('announcers')
  return [
    `${all.length} behaviours:`,
    '',
    '| About | Fixture | What holds | nftables | iptables | ipvs | Packets |',
    '|---|---|---|---|---|---|---|',
    ...all,
    '',
    'Where a backend differs:',
    '',
    ...reasons(),
    '',
    `${changes.length} stories, which pin the exact operations between one input and the next:`,
    '',
    '| Story | What happens |',
    '|---|---|',
    ...changes,
    '',
    `${addresses.length} behaviours of allocation, each with what \`nodelb allocate\` prints of it`,
    '([test/golden/allocate.test.ts](../test/golden/allocate.test.ts), [addresses.md](addresses.md)):',
    '',
    '| About | Objects | What holds | Output |',
    '|---|---|---|---|',
    ...addresses,
    '',
    `${announcers.length} behaviours of announcing, each with what \`nodelb announcers\` prints of it`,
    '([test/golden/announcers.test.ts](../test/golden/announcers.test.ts), [layer2.md](layer2.md),',
    '[bgp.md](bgp.md)):',
    '',
    '| About | Objects | What holds | Output |',
    '|---|---|---|---|',
    ...announcers,
  ].join('\n')
}

function withTables(text) {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error('docs/behaviours.md has lost the marks of its table')
  return `${text.slice(0, from)}${begin}\n\n${tables()}\n\n${text.slice(to)}`
}

/** Puts behind each command `nodelb allocate -f NAME.yaml` in a block what its golden has. */
function withOutputs(text) {
  return text.replace(
    /```console\n(\$ nodelb (allocate|announcers) -f ([\w-]+)\.yaml.*)\n[^`]*```/g,
    (_, line, command, name) => {
      const ending = line.includes('--service') ? 'service.txt' : 'txt'
      const golden = readFileSync(`${root}test/golden/${command}/${name}.${ending}`, 'utf8')
      return `\`\`\`console\n${golden}\`\`\``
    },
  )
}

for (const [path, made] of [
  ['docs/behaviours.md', withTables],
  ['docs/addresses.md', withOutputs],
  ['docs/layer2.md', withOutputs],
  ['docs/bgp.md', withOutputs],
]) {
  const text = readFileSync(`${root}${path}`, 'utf8')
  const fresh = made(text)
  if (!process.argv.includes('--check')) {
    writeFileSync(`${root}${path}`, fresh)
  } else if (fresh !== text) {
    console.error(`${path} is behind the fixtures: run node scripts/behaviours.mjs`)
    process.exitCode = 1
  }
}
