import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

interface Import {
  /** Below src. */
  readonly file: string
  /** A package, `node:fs`, or the path of a file below src. */
  readonly of: string
}

const imports: readonly Import[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => importsOf(file))

function importsOf(file: string): Import[] {
  const text = readFileSync(src + file, 'utf8')
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/g,
  )
  return [...found].map(([, fixed, dynamic]) => {
    const name = fixed ?? dynamic ?? ''
    return { file, of: name.startsWith('.') ? normalize(join(dirname(file), name)) : name }
  })
}

function importersOf(name: RegExp): string[] {
  return [...new Set(imports.filter(({ of }) => name.test(of)).map(({ file }) => file))].sort()
}

test('the search finds imports', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(importersOf(/^commander$/)).toEqual(['cli/arguments.ts'])
})

describe('few files reach the world', () => {
  test.each<{ name: RegExp; files: readonly string[] }>([
    { name: /^netlink(\/|$)/, files: ['apply/netlink/open-raw.ts'] },
    {
      name: /^koffi$/,
      files: [
        'apply/iptables/legacy-tables.ts',
        'apply/iptables/recent-lists.ts',
        'apply/netlink/socket-options.ts',
        'apply/netlink/threaded-send.ts',
      ],
    },
    {
      name: /^(node:)?http$/,
      files: [
        'agent/health-check.ts',
        // Types alone.
        'agent/telemetry/bounded-connections.ts',
        'agent/telemetry/http.ts',
        'agent/telemetry/status-socket.ts',
        // Types alone.
        'watch/api/answer.ts',
        'watch/api/connections.ts',
        // Types alone.
        'watch/api/exchange.ts',
      ],
    },
    {
      name: /^(node:)?net$/,
      files: [
        'agent/health-check.ts',
        // Types alone.
        'agent/telemetry/bounded-connections.ts',
        'agent/telemetry/listen.ts',
        'agent/telemetry/status-socket.ts',
        'watch/api/connection.ts',
        // Whether a text is an address.
        'watch/api/credentials.ts',
      ],
    },
    { name: /^(node:)?tls$/, files: ['watch/api/connection.ts'] },
    { name: /^@kubernetes\//, files: [] },
    {
      name: /^(node:)?(https|http2|dgram|worker_threads|cluster)$/,
      files: [],
    },
    {
      name: /^(node:)?child_process$/,
      files: ['apply/iptables/process.ts', 'watch/api/exec-plugin.ts'],
    },
    { name: /^execa$/, files: [] },
    { name: /^undici$/, files: [] },
  ])('$name is imported by $files', ({ name, files }) => {
    expect(importersOf(name)).toEqual(files)
  })

  test('only the command line, and main, read and write files', () => {
    const files = importersOf(/^(node:)?fs(\/promises)?$/)
    // The socket's file descriptor is found in /proc, iptables' programs in the folders of PATH.
    const allowed = [
      'agent/table-owner.ts',
      'agent/telemetry/process-metrics.ts',
      'agent/telemetry/status-socket.ts',
      'agent/telemetry/sync-output.ts',
      'apply/iptables/legacy-tables.ts',
      'apply/iptables/programs.ts',
      'apply/iptables/recent-lists.ts',
      'apply/netlink/port-holder.ts',
      'apply/netlink/socket-options.ts',
      'apply/sysctl/files.ts',
      'apply/sysctl/state-file.ts',
      'main.ts',
      'watch/api/credentials.ts',
    ]
    expect(files.filter((file) => !file.startsWith('cli/') && !allowed.includes(file))).toEqual([])
  })
})

describe('a folder imports only what it may', () => {
  test.each<{ folder: string; may: readonly string[] }>([
    { folder: 'model', may: ['ipaddr.js'] },
    { folder: 'ruleset', may: ['model'] },
    { folder: 'render', may: ['model', 'ruleset'] },
    { folder: 'plan', may: ['model', 'ruleset'] },
    { folder: 'trace', may: ['model', 'ruleset'] },
    {
      folder: 'apply',
      may: [
        ...['model', 'ruleset', 'plan', 'netlink/dist/raw.js', 'koffi'],
        ...['node:fs', 'node:os', 'node:path', 'node:stream', 'node:child_process'],
      ],
    },
    {
      folder: 'watch',
      may: [
        ...['model', 'zod', 'yaml', 'node:child_process', 'node:fs', 'node:net', 'node:tls'],
        ...['node:http', 'node:path', 'node:stream', 'node:timers/promises', 'node:zlib'],
      ],
    },
    {
      folder: 'agent',
      may: [
        ...['model', 'ruleset', 'render', 'plan', 'apply', 'watch', 'pino', 'prom-client'],
        ...['node:fs', 'node:http', 'node:net', 'node:os', 'node:path', 'node:crypto'],
        ...['node:perf_hooks', 'node:timers/promises'],
      ],
    },
  ])('$folder: $may', ({ folder, may }) => {
    const allowed = new Set([folder, ...may])
    const others = imports
      .filter(({ file, of }) => file.startsWith(`${folder}/`) && !allowed.has(topOf(of)))
      .map(({ file, of }) => `${file} imports ${of}`)
    expect(others).toEqual([])
  })

  test('nobody imports main', () => {
    expect(importersOf(/^main\.ts$/)).toEqual([])
  })
})

/** The folder of a file below src; the whole name of a package. */
function topOf(name: string): string {
  return /^(model|ruleset|render|plan|trace|apply|watch|agent|cli)\//.exec(name)?.[1] ?? name
}

describe('few files ask what time it is', () => {
  /** Each needs a date. What lasts is measured by `performance.now`, which nobody sets. */
  const dates = [
    // kube-proxy's answer has the time.
    'agent/telemetry/probes.ts',
    // kube-proxy's metrics have times of day.
    'agent/telemetry/kube-proxy-metrics.ts',
    'agent/telemetry/latency.ts',
    'agent/telemetry/process-metrics.ts',
    'agent/telemetry/telemetry.ts',
    // A server, and a plugin, give a date up to which something holds.
    'watch/api/answer.ts',
    'watch/api/exec-plugin.ts',
  ]
  test(dates.join(', '), () => {
    const asking = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && readFileSync(src + file, 'utf8').includes('Date.now'),
    )
    expect(asking.sort()).toEqual([...dates].sort())
  })
})
