import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { sortedListing } from '../support/listing.ts'

/** The built program as people start it, in a network of its own. */

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const input = `${fixtures}load-balancer/input.yaml`
const node = `${fixtures}load-balancer/node.yaml`
const good = ['-f', input, node, '--node', 'node-a']
let folder = ''

beforeAll(async () => {
  enterNewNetwork()
  folder = await mkdtemp(join(tmpdir(), 'nodelb-command-line-'))
})
beforeEach(async () => {
  await nft('flush', 'ruleset')
})
afterAll(() => rm(folder, { recursive: true }))

interface Result {
  readonly code: number | undefined
  readonly out: string
  readonly err: readonly string[]
}

async function nodelb(args: readonly string[], stdin = ''): Promise<Result> {
  return start([process.execPath, program, ...args], stdin)
}

async function start([file = '', ...args]: readonly string[], stdin = ''): Promise<Result> {
  const ended = await execa(file, args, { input: stdin, reject: false, stripFinalNewline: false })
  const err = ended.stderr.split('\n')
  return { code: ended.exitCode, out: ended.stdout, err: err.slice(0, -1) }
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

describe('exit codes', () => {
  test('diff: 1 differences, 0 nothing; apply in between says what it did', async () => {
    const before = await nodelb(['diff', ...good])
    expect(before.code).toBe(1)
    expect(before.out).not.toContain('table ip nodelb')
    const number = /; (\d+) operations in one transaction\.\n$/.exec(before.out)?.[1]
    const full = await nodelb(['diff', ...good, '--full'])
    expect(full.out).toMatch(/^ {2}\+ table ip nodelb$/m)
    const first = await nodelb(['apply', ...good])
    expect(first.out).toMatch(new RegExp(`^applied: ${number} operations, 1 service, \\d+ ms\n$`))
    expect(first).toMatchObject({ code: 0, err: [] })
    expect(await nodelb(['diff', ...good])).toEqual({ code: 0, out: '0 operations\n', err: [] })
    const second = await nodelb(['apply', ...good])
    expect(second.out).toMatch(/^applied: 0 operations, 1 service, \d+ ms\n$/)
  })

  test('diff touches nothing', async () => {
    await nodelb(['diff', ...good])
    expect(await nft('list', 'ruleset')).toBe('')
  })

  test('cleanup removes the tables, once', async () => {
    await nodelb(['apply', ...good])
    const cleaned = { code: 0, out: 'cleaned up: 1 table removed\n', err: [] }
    expect(await nodelb(['cleanup'])).toEqual(cleaned)
    expect(await nft('list', 'ruleset')).toBe('')
    expect((await nodelb(['cleanup'])).out).toBe('cleaned up: nothing removed\n')
  })
})

const NOT_ALLOWED = 'not allowed to read or change the rule set'

describe('standard input', () => {
  const yaml = `${readFileSync(input, 'utf8')}\n---\n${readFileSync(node, 'utf8')}`
  const items = yaml.split(/^---$/m).map((text): unknown => parse(text))
  const json = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

  test.each([
    ['YAML', yaml],
    ['JSON', json],
  ])('%s renders the same as the files', async (_, text) => {
    const fromFiles = await nodelb(['render', ...good])
    const fromStdin = await nodelb(['render', '-f', '-', '--node', 'node-a'], text)
    expect(fromStdin).toEqual(fromFiles)
    expect(fromStdin).toMatchObject({ code: 0, err: [] })
  })

  test('a folder as standard input is one line, and nothing is lost', async () => {
    await nodelb(['apply', ...good])
    const script = `exec "$0" "$1" diff -f - ${node} --node node-a </`
    const ended = await start(['sh', '-c', script, process.execPath, program])
    expect(ended).toEqual({
      code: 2,
      out: '0 operations\n',
      err: ['stdin: found a folder, expected YAML or JSON'],
    })
  })
})

describe('-o json', () => {
  test('render', async () => {
    const { out } = await nodelb(['render', ...good, '-o', 'json'])
    expect(JSON.parse(out)).toBeTypeOf('object')
  })

  test('diff', async () => {
    const { code, out } = await nodelb(['diff', ...good, '-o', 'json'])
    const { operations } = JSON.parse(out) as { operations: readonly unknown[] }
    expect(code).toBe(1)
    expect(operations[0]).toEqual({
      kind: 'add-table',
      family: 'ip',
      service: null,
      owner: null,
      change: '+ table ip nodelb',
    })
    await nodelb(['apply', ...good])
    expect(await nodelb(['diff', ...good, '-o', 'json'])).toMatchObject({
      code: 0,
      out: '{\n  "operations": [],\n  "services": []\n}\n',
    })
  })

  test('apply', async () => {
    const { out } = await nodelb(['apply', ...good, '-o', 'json'])
    expect(JSON.parse(out)).toEqual({
      operations: expect.any(Number),
      services: 1,
      bytes: expect.any(Number),
      rejected: [],
      ms: expect.any(Number),
    })
  })
})

describe('what cannot be done is said in one line, with exit code 2', () => {
  test.each<{ args: readonly string[]; line: string }>([
    {
      args: ['--nope'],
      line: "nodelb: unknown option '--nope'; --help lists what there is",
    },
    {
      args: ['rendr'],
      line: "nodelb: unknown command 'rendr' (Did you mean render?); --help lists what there is",
    },
    {
      args: ['diff', '-f', input, '--nod', 'x'],
      line: "nodelb: unknown option '--nod' (Did you mean --node?); --help lists what there is",
    },
    {
      args: ['apply'],
      line: "nodelb: required option '-f, --filename <path...>' not specified; --help lists what there is",
    },
    {
      args: ['render', ...good, '--scope', 'some'],
      line: "nodelb: option '--scope <scope>' argument 'some' is invalid. Allowed choices are load-balancer, all.; --help lists what there is",
    },
    {
      args: ['diff', '-f', input, node],
      line: 'command line: --node: found nothing, expected one of node-a',
    },
    {
      args: ['diff', '-f', input, node, '--node', 'node-z'],
      line: 'command line: --node: found "node-z", expected one of node-a',
    },
    {
      args: ['diff', '-f', input, '--node', 'node-a'],
      line: 'command line: --node: found "node-a", expected a Node object among the files',
    },
    {
      args: ['diff', ...good, '--config', '/nowhere.yaml'],
      line: '/nowhere.yaml: found no such file or folder, expected a readable file or folder',
    },
  ])('$args', async ({ args, line }) => {
    expect(await nodelb(args)).toEqual({ code: 2, out: '', err: [line] })
  })

  test('several Nodes: all their names', async () => {
    const other = readFileSync(node, 'utf8').replaceAll('node-a', 'node-b')
    const { err } = await nodelb(['diff', '-f', node, '-', '--node', 'node-z'], other)
    expect(err).toEqual(['command line: --node: found "node-z", expected one of node-a, node-b'])
  })

  test('a bad configuration: the path and the values allowed', async () => {
    const text = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
    const file = await write('config.yaml', `${text}scope: some\nscop: all\n`)
    const { code, out, err } = await nodelb(['apply', ...good, '--config', file])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.map((line) => line.replace(folder, ''))).toMatchInlineSnapshot(`
      [
        "/config.yaml: NodelbConfiguration: scop: found an unknown field, expected one of apiVersion, kind, scope, backend, target, serviceCIDRs, externalIPs, protectedPorts, conntrack, ownership, minSyncPeriod, comparePeriod, ipvs, iptables, healthzBindAddress, metricsBindAddress, metrics, sessionAffinity, limits, addresses, onPoolChange, loadBalancerClasses, poolUsageWarning, adoptFinalizers, ui, announce",
        "/config.yaml: NodelbConfiguration: scope: found "some", expected load-balancer or all",
      ]
    `)
    expect(await nft('list', 'ruleset')).toBe('')
  })

  test.each(['diff', 'apply', 'cleanup'])('%s without CAP_NET_ADMIN', async (command) => {
    const without = ['--bounding-set=-net_admin', '--inh-caps=-net_admin']
    const args = command === 'cleanup' ? [] : good
    const ended = await start(['setpriv', ...without, process.execPath, program, command, ...args])
    const told = command === 'cleanup' ? 'not all is removed' : NOT_ALLOWED
    const line = `nodelb: ${told}: the capability CAP_NET_ADMIN is missing`
    expect(ended).toEqual({ code: 2, out: '', err: [expect.stringContaining(line)] })
  })

  test('render needs no privilege', async () => {
    const without = ['--bounding-set=-all', '--inh-caps=-all']
    const ended = await start(['setpriv', ...without, process.execPath, program, 'render', ...good])
    expect(ended).toMatchObject({ code: 0, err: [] })
  })
})

describe('a bad object beside good ones', () => {
  const text = readFileSync(input, 'utf8')
  const metadata = 'metadata: {namespace: shop, name: bad}'
  const bad = `apiVersion: v1\nkind: Service\n${metadata}\nspec: {ports: [{port: 70000}]}\n`
  const line = 'spec.ports[0].port: found 70000, expected a port from 1 to 65535'
  const apply = (files: string): Promise<Result> =>
    nodelb(['apply', '-f', '-', node, '--node', 'node-a'], files)
  const listed = async (): Promise<string[][]> => sortedListing(await nft('list', 'ruleset'))

  test('is reported, and the good ones are applied', async () => {
    await nodelb(['apply', ...good])
    const expected = await listed()
    await nft('flush', 'ruleset')
    const { code, err } = await apply(`${bad}---\n${text}`)
    expect(err).toEqual([`stdin: Service shop/bad: ${line}`])
    expect(code).toBe(0)
    expect(await listed()).toEqual(expected)
  })

  test.each([
    ['beside others', readFileSync(`${fixtures}session-affinity-dual-stack/input.yaml`, 'utf8')],
    ['alone', ''],
  ])('keeps what was programmed when it turns bad, %s', async (_, others) => {
    await apply(`${others}---\n${text}`)
    const before = await listed()
    const broken = text.replace(/port: 80\b/, 'port: 70000')
    expect(broken).not.toBe(text)
    const { code, out, err } = await apply(`${others}---\n${broken}`)
    expect(err).toEqual([expect.stringContaining(line)])
    expect(out).toMatch(/^applied: 0 operations, /)
    expect(code).toBe(0)
    expect(await listed()).toEqual(before)
  })

  test('keeps its endpoints when its slice turns bad', async () => {
    await apply(text)
    const before = await listed()
    const { out, err } = await apply(text.replace('addressType: IPv4', 'addressType: IPv5'))
    expect(err).toEqual([
      expect.stringMatching(/^stdin: EndpointSlice .*: addressType: found "IPv5"/),
    ])
    expect(out).toMatch(/^applied: 0 operations, /)
    expect(await listed()).toEqual(before)
  })

  test.each([
    ['a document that is no YAML', '"\n---\n'],
    ['an object without a kind', 'apiVersion: v1\n---\n'],
  ])('%s may have been any object: what is programmed stays', async (_, gap) => {
    await apply(text)
    const before = await listed()
    const { out, err } = await apply(`${gap}${bad}`)
    expect(err).toHaveLength(2)
    expect(out).toMatch(/^applied: 0 operations, /)
    expect(await listed()).toEqual(before)
  })

  test('goes when it is gone from the input', async () => {
    await apply(text)
    const { out } = await apply(bad)
    expect(out).toMatch(/^applied: 1 operation, /)
    expect(await nft('list', 'ruleset')).toBe('')
  })
})

test('a reader that stops early ends nothing badly', async () => {
  const pipe = '"$0" "$@" 2>/dev/null | head -n 1; echo $PIPESTATUS'
  const inputs = readdirSync(fixtures)
    .map((name) => `${fixtures}${name}/input.yaml`)
    .filter((file) => existsSync(file))
  const command = [
    'render',
    '-f',
    ...inputs,
    node,
    '--node',
    'node-a',
    '--scope',
    'all',
    '-o',
    'json',
  ]
  const whole = await nodelb(command)
  expect(whole.out.length, 'more than a pipe holds').toBeGreaterThan(1 << 16)
  const ended = await start(['bash', '-c', pipe, process.execPath, program, ...command])
  expect(ended).toEqual({ code: 0, out: '{\n0\n', err: [] })
})

describe('--help', () => {
  const help = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await nodelb([...args, '--help'])
    expect({ code, err }).toEqual({ code: 0, err: [] })
    return out
  }

  test('nodelb', async () =>
    expect(await help()).toMatchInlineSnapshot(`
      "Usage: nodelb [options] [command]

      Load balancing for Kubernetes Services on this node: objects in, one flat rule
      set in the kernel.

      Options:
        -V, --version               the version; with -o json also of what it runs on
        -h, --help                  display help for command

      Look:
        status [options] [service]  what the agent that runs here does, and what it
                                    cannot do and why
        explain [options]           where a packet goes on this node, by which rules,
                                    and why
        render [options]            print the rule set as the text that nft (ipvsadm,
                                    ip and sysctl) take
        diff [options]              show what apply would change here; exit 0 nothing,
                                    1 differences, 2 trouble
        allocate [options]          which addresses LoadBalancer Services get or keep,
                                    and why; nothing is written
        announcers [options]        which Node would announce which address, and how
                                    and why; nothing is sent
        cluster                     what nodelb does in the whole cluster, by the API
                                    server alone; nothing is changed. As
                                    kubectl-nodelb in the PATH this program is
                                    \`kubectl nodelb\`
        config [options]            the configuration in force: every field, its
                                    value, and where it comes from
        bundle [options]            write what a report of a bug needs into one file,
                                    without secrets
        completion <shell>          print the completion of commands and options for a
                                    shell
        man                         print the manual page

      Change:
        apply [options]             read the kernel, plan, commit in one transaction,
                                    print one line
        prepare [options]           set the node's sysctls, for which the agent has no
                                    privilege, and end
        cleanup [options]           remove all that nodelb programmed, and nothing
                                    else

      Run:
        run [options]               follow the cluster, program this node, repair what
                                    others break
        controller [options]        give addresses to the LoadBalancer Services of the
                                    cluster; one replica writes
      "
    `))
  test('render', async () =>
    expect(await help('render')).toMatchInlineSnapshot(`
      "Usage: nodelb render [options]

      print the rule set as the text that nft (ipvsadm, ip and sysctl) take

      Options:
        -f, --filename <path...>  files or folders of Services, EndpointSlices and
                                  Nodes (YAML or JSON); - is standard input
        --state <folder>          where the agent keeps the addresses of these
                                  Services; they replace the statuses
        --node <name>             the Node to render for (environment: NODE_NAME)
        --config <path>           a KubeProxyConfiguration and/or a
                                  NodelbConfiguration: a file, a folder of files, or -
                                  for standard input
        --scope <scope>           what to program (default: load-balancer) (choices:
                                  "load-balancer", "all")
        --backend <backend>       how to program it (default: auto) (choices: "auto",
                                  "nftables", "ipvs", "iptables")
        -o, --output <format>     text for people, json for programs (choices: "text",
                                  "json", default: "text")
        -h, --help                display help for command

      Examples:
        nodelb render -f objects.yaml --node node-a
        nodelb render -f objects/ --node node-a --scope all -o json

      More: docs/gitops.md
      "
    `))
  test('diff', async () =>
    expect(await help('diff')).toMatchInlineSnapshot(`
      "Usage: nodelb diff [options]

      show what apply would change here; exit 0 nothing, 1 differences, 2 trouble

      Options:
        -f, --filename <path...>  files or folders of Services, EndpointSlices and
                                  Nodes (YAML or JSON); - is standard input
        --state <folder>          where the agent keeps the addresses of these
                                  Services; they replace the statuses
        --node <name>             the Node to render for (environment: NODE_NAME)
        --config <path>           a KubeProxyConfiguration and/or a
                                  NodelbConfiguration: a file, a folder of files, or -
                                  for standard input
        --scope <scope>           what to program (default: load-balancer) (choices:
                                  "load-balancer", "all")
        --backend <backend>       how to program it (default: auto) (choices: "auto",
                                  "nftables", "ipvs", "iptables")
        -o, --output <format>     text for people, json for programs, markdown for
                                  pull requests (choices: "text", "json", "markdown",
                                  default: "text")
        --full                    show each operation below its Service
        --against <path...>       show what changes from these objects to those, and
                                  leave the kernel alone
        -h, --help                display help for command

      Examples:
        kubectl get services,endpointslices,nodes -A -o yaml | nodelb diff -f - --node node-a
        nodelb diff -f main/ --against branch/ --node node-a -o markdown

      More: docs/gitops.md
      "
    `))
  test('apply', async () =>
    expect(await help('apply')).toMatchInlineSnapshot(`
      "Usage: nodelb apply [options]

      read the kernel, plan, commit in one transaction, print one line

      Options:
        -f, --filename <path...>  files or folders of Services, EndpointSlices and
                                  Nodes (YAML or JSON); - is standard input
        --state <folder>          where the agent keeps the addresses of these
                                  Services; they replace the statuses
        --node <name>             the Node to render for (environment: NODE_NAME)
        --config <path>           a KubeProxyConfiguration and/or a
                                  NodelbConfiguration: a file, a folder of files, or -
                                  for standard input
        --scope <scope>           what to program (default: load-balancer) (choices:
                                  "load-balancer", "all")
        --backend <backend>       how to program it (default: auto) (choices: "auto",
                                  "nftables", "ipvs", "iptables")
        -o, --output <format>     text for people, json for programs (choices: "text",
                                  "json", default: "text")
        -h, --help                display help for command

      Examples:
        nodelb apply -f objects.yaml --node node-a
        nodelb apply -f objects.yaml --node node-a --scope all --backend nftables

      More: docs/gitops.md
      "
    `))
  test('run', async () =>
    expect(await help('run')).toMatchInlineSnapshot(`
      "Usage: nodelb run [options]

      follow the cluster, program this node, repair what others break

      Options:
        --node <name>                 the Node to render for (environment: NODE_NAME)
        --config <path>               a KubeProxyConfiguration and/or a
                                      NodelbConfiguration: a file, a folder of files,
                                      or - for standard input
        --scope <scope>               what to program (default: load-balancer)
                                      (choices: "load-balancer", "all")
        --backend <backend>           how to program it (default: auto) (choices:
                                      "auto", "nftables", "ipvs", "iptables")
        --status-socket <path>        where the agent reports its state (default:
                                      "/run/nodelb/nodelb.sock")
        -f, --filename <path...>      in place of an API server, files or folders of
                                      Services, EndpointSlices and Nodes (YAML or
                                      JSON), which are followed
        --kubeconfig <file>           how to reach the API server (default:
                                      KUBECONFIG, else as a pod of the cluster, else
                                      ~/.kube/config)
        --state <folder>              where the addresses of Services in files are
                                      kept (default: "/var/lib/nodelb")
        --listen <host:port>          where probes and metrics are answered (default:
                                      "127.0.0.1:10266")
        --metrics-listen <host:port>  where metrics alone are answered besides
        --log-level <level>           debug reports every commit (choices: "debug",
                                      "info", "warn", "error", default: "info")
        --cleanup-on-exit             remove all rules at the end (they stay
                                      otherwise)
        -h, --help                    display help for command

      Examples:
        nodelb run --node node-a --scope all
        nodelb run -f objects/ --node node-a

      More: docs/operations.md
      "
    `))
  test('status', async () =>
    expect(await help('status')).toMatchInlineSnapshot(`
      "Usage: nodelb status [options] [service]

      what the agent that runs here does, and what it cannot do and why

      Arguments:
        service                 show this Service alone, namespace/name or its name,
                                with its endpoints

      Options:
        --status-socket <path>  where the agent reports its state (default:
                                "/run/nodelb/nodelb.sock")
        -o, --output <format>   text for people, wide with ClusterIPs and ports of the
                                node, json for programs (choices: "text", "wide",
                                "json", default: "text")
        -A, --all               list all Services, not only those with an address for
                                clients outside
        -w, --watch             draw it again whenever it changes, until a signal
                                comes
        -h, --help              display help for command

      Examples:
        nodelb status --all
        nodelb status shop/web

      More: docs/operations.md
      "
    `))
  test('config', async () =>
    expect(await help('config')).toMatchInlineSnapshot(`
    "Usage: nodelb config [options] [command]

    the configuration in force: every field, its value, and where it comes from

    Options:
      --node <name>          the Node to render for (environment: NODE_NAME)
      --config <path>        a KubeProxyConfiguration and/or a NodelbConfiguration:
                             a file, a folder of files, or - for standard input
      --scope <scope>        what to program (default: load-balancer) (choices:
                             "load-balancer", "all")
      --backend <backend>    how to program it (default: auto) (choices: "auto",
                             "nftables", "ipvs", "iptables")
      -o, --output <format>  text for people, json for programs (choices: "text",
                             "json", default: "text")
      -h, --help             display help for command

    Look:
      schema                 print the JSON Schema of a NodelbConfiguration

    Examples:
      nodelb config --config config.yaml
      kubectl -n kube-system get configmap kube-proxy -o yaml | nodelb config --config - --scope all

    More: docs/configuration.md
    "
  `))
  test('bundle', async () =>
    expect(await help('bundle')).toMatchInlineSnapshot(`
    "Usage: nodelb bundle [options]

    write what a report of a bug needs into one file, without secrets

    Options:
      --config <path>           a KubeProxyConfiguration and/or a
                                NodelbConfiguration: a file, a folder of files, or -
                                for standard input
      --status-socket <path>    where the agent reports its state (default:
                                "/run/nodelb/nodelb.sock")
      -o, --output <file>       the file to write, a .tar.gz; - is standard output
      --objects                 add Services, EndpointSlices, Nodes and what MetalLB
                                configures
      -f, --filename <path...>  add these objects: files or folders of Services,
                                EndpointSlices and Nodes (YAML or JSON)
      --kubeconfig <file>       how to reach the API server (default: KUBECONFIG,
                                else as a pod of the cluster, else ~/.kube/config)
      --listen <host:port>      where the agent answers with its metrics (default:
                                "127.0.0.1:10266")
      --log <file>              the agent's log (default: what the container runtime
                                keeps of it)
      -h, --help                display help for command

    Examples:
      nodelb bundle -o nodelb.tar.gz --config config.yaml
      nodelb bundle -o nodelb.tar.gz --objects --log agent.log

    More: docs/operations.md
    "
  `))
  test('completion', async () =>
    expect(await help('completion')).toMatchInlineSnapshot(`
    "Usage: nodelb completion [options] <shell>

    print the completion of commands and options for a shell

    Options:
      -h, --help  display help for command

    Examples:
      source <(nodelb completion bash)
      nodelb completion fish | source

    More: docs/operations.md
    "
  `))
  test('prepare', async () =>
    expect(await help('prepare')).toMatchInlineSnapshot(`
      "Usage: nodelb prepare [options]

      set the node's sysctls, for which the agent has no privilege, and end

      Options:
        --config <path>  a KubeProxyConfiguration and/or a NodelbConfiguration: a
                         file, a folder of files, or - for standard input
        -h, --help       display help for command

      Examples:
        nodelb prepare
        nodelb prepare --config config.yaml

      More: docs/operations.md
      "
    `))
  test('allocate', async () =>
    expect(await help('allocate')).toMatchInlineSnapshot(`
      "Usage: nodelb allocate [options]

      which addresses LoadBalancer Services get or keep, and why; nothing is written

      Options:
        --config <path>             a KubeProxyConfiguration and/or a
                                    NodelbConfiguration: a file, a folder of files, or
                                    - for standard input
        -o, --output <format>       text for people, json for programs (choices:
                                    "text", "json", default: "text")
        -f, --filename <path...>    files or folders of Services, IPAddressPools,
                                    Namespaces, Nodes and EndpointSlices; - is
                                    standard input
        --against <path...>         show what changes from these objects to those
        --service <namespace/name>  explain this Service alone
        --state <folder>            where an agent without an API server keeps the
                                    addresses of these Services: which of them it
                                    would keep
        -h, --help                  display help for command

      Examples:
        nodelb allocate -f objects.yaml
        nodelb allocate -f main/ --against branch/ --service shop/web

      More: docs/addresses.md
      "
    `))

  test('announcers', async () =>
    expect(await help('announcers')).toMatchInlineSnapshot(`
      "Usage: nodelb announcers [options]

      which Node would announce which address, and how and why; nothing is sent

      Options:
        --config <path>           a KubeProxyConfiguration and/or a
                                  NodelbConfiguration: a file, a folder of files, or -
                                  for standard input
        -o, --output <format>     text for people, json for programs (choices: "text",
                                  "json", default: "text")
        -f, --filename <path...>  files or folders of Services, EndpointSlices, Nodes,
                                  IPAddressPools and L2Advertisements; - is standard
                                  input
        --without <node...>       show what moves if these Nodes are drained
        --node <name>             show this Node alone
        -h, --help                display help for command

      Examples:
        nodelb announcers -f objects.yaml
        nodelb announcers -f objects.yaml --without node-a

      More: docs/layer2.md
      "
    `))

  test('controller', async () =>
    expect(await help('controller')).toMatchInlineSnapshot(`
      "Usage: nodelb controller [options]

      give addresses to the LoadBalancer Services of the cluster; one replica writes

      Options:
        --config <path>       a KubeProxyConfiguration and/or a NodelbConfiguration: a
                              file, a folder of files, or - for standard input
        --kubeconfig <file>   how to reach the API server (default: KUBECONFIG, else
                              as a pod of the cluster, else ~/.kube/config)
        --namespace <name>    where the Lease is (environment: POD_NAMESPACE)
        --listen <host:port>  where probes and metrics are answered (default:
                              "127.0.0.1:10267")
        --log-level <level>   debug reports every commit (choices: "debug", "info",
                              "warn", "error", default: "info")
        -h, --help            display help for command

      Examples:
        nodelb controller --config config.yaml
        nodelb controller --kubeconfig kubeconfig --namespace kube-system

      More: docs/addresses.md
      "
    `))

  test('cleanup', async () =>
    expect(await help('cleanup')).toMatchInlineSnapshot(`
      "Usage: nodelb cleanup [options]

      remove all that nodelb programmed, and nothing else

      Options:
        --config <path>  a KubeProxyConfiguration and/or a NodelbConfiguration: a
                         file, a folder of files, or - for standard input
        -h, --help       display help for command

      Examples:
        nodelb cleanup
        nodelb cleanup; nodelb status

      More: docs/operations.md
      "
    `))
})
