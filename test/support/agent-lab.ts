import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { replaceFile, writeConfiguration } from './configuration.ts'
import { type Connection, Lab, parseDestination } from './lab.ts'
import { RunningAgent } from './running-agent.ts'
import { type Namespace, parties } from './topology.ts'
import { list, WEB } from './web.ts'

/** A lab whose node is programmed by an agent that follows a folder. */
export class AgentLab {
  readonly lab: Lab
  readonly #scratch = mkdtempSync(join(tmpdir(), 'nodelb-agent-'))
  readonly #agents: RunningAgent[] = []

  private constructor(lab: Lab) {
    this.lab = lab
    mkdirSync(this.folder)
  }

  static async build(): Promise<AgentLab> {
    return new AgentLab(await Lab.build())
  }

  /** What agents follow. */
  get folder(): string {
    return this.path('objects')
  }

  get statusSocket(): string {
    return this.path('status.sock')
  }

  path(name: string): string {
    return join(this.#scratch, name)
  }

  async remove(): Promise<void> {
    await this.endAgents()
    await this.lab.remove()
    rmSync(this.#scratch, { recursive: true })
  }

  /** Kills those that run; the lab stays. */
  async endAgents(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.end('SIGKILL')))
  }

  /** What the agent is to know; the file is never seen half written. */
  write(objects: readonly object[], name = 'objects.json'): void {
    replaceFile(join(this.folder, name), list(objects))
  }

  /** The fields of a NodelbConfiguration; returns the file. */
  configure(fields: object): string {
    writeConfiguration(this.path('config.yaml'), fields)
    return this.path('config.yaml')
  }

  /** An agent that follows the folder, with scope all unless a configuration says. */
  start(...args: readonly string[]): RunningAgent {
    const scope = args.includes('--config') ? [] : ['--scope', 'all']
    return this.run(['-f', this.folder, ...scope, ...args])
  }

  /** `confine` makes of a command one that has less. */
  run(
    args: readonly string[],
    confine?: (command: readonly string[]) => readonly string[],
  ): RunningAgent {
    const agent = RunningAgent.start(
      ['ip', 'netns', 'exec', this.lab.namespace('node')],
      ['--node', 'node-a', '--status-socket', this.statusSocket, ...args],
      confine,
    )
    this.#agents.push(agent)
    return agent
  }

  /** Who answers connections, and what becomes of the others; each once, in order of name. */
  async answers(connection: Partial<Connection> = {}): Promise<readonly string[]> {
    const results = await this.lab.probe({
      from: 'client',
      to: WEB.loadBalancer[0],
      ...connection,
    })
    return [...new Set(results.map((it) => (it.kind === 'answered' ? it.pod : it.kind)))].sort()
  }

  /** All rules of the node. Who owns the table is not one of them. */
  async rules(): Promise<string> {
    const { stdout } = await this.lab.run('nft', ['list', 'ruleset'])
    return stdout.replace(/ # progname \S+$/gm, '').replace(/^\s*(flags (owner)?)?\n/gm, '')
  }

  /**
   * Who answers a datagram that the client sends from a port of its own choosing; `dropped` where
   * none does within so many milliseconds.
   */
  async askByUdp(to: string, fromPort: number, patience = 1_000): Promise<string> {
    const { hostname, port } = new URL(`udp://${to}`)
    const host = hostname.replace(/^\[|\]$/g, '')
    const from = parties.client.addresses?.[host.includes(':') ? 1 : 0] ?? ''
    const args = ['--input-type=module', '-e', UDP_CLIENT, host, port, from]
    const numbers = [fromPort, patience].map(String)
    return (await this.runAt('client', process.execPath, [...args, ...numbers])).stdout
  }

  /**
   * Opens a TCP connection from a port of the client's own choosing while nobody answers it; resolves
   * when conntrack has its SYN. `answer` is who answers in the end, within so many milliseconds.
   */
  async askEarly(
    to: string,
    fromPort: number,
    patience = 20_000,
  ): Promise<{ readonly answer: Promise<string> }> {
    const { host, port } = parseDestination(to)
    await this.runAt('outside', 'nft', [silence(fromPort)])
    const from = parties.client.addresses?.[isIPv6(host) ? 1 : 0] ?? ''
    const args = ['--input-type=module', '-e', TCP_CLIENT, host, String(port), from]
    const numbers = [fromPort, patience].map(String)
    const asked = this.runAt('client', process.execPath, [...args, ...numbers])
    const family = isIPv6(host) ? 'ipv6' : 'ipv4'
    const list = ['-L', '-f', family, '-p', 'tcp', '--sport', String(fromPort)]
    let flows = ''
    while (!flows.includes('SYN_SENT')) flows = (await this.lab.run('conntrack', list)).stdout
    return { answer: asked.then(({ stdout }) => stdout) }
  }

  /** Runs a command somewhere in the lab. */
  async runAt(
    namespace: Namespace,
    file: string,
    args: readonly string[],
  ): Promise<{ readonly stdout: string }> {
    return execa('ip', ['netns', 'exec', this.lab.namespace(namespace), file, ...args])
  }
}

/** Prints the pod that answers, `refused`, or `dropped`. */
const UDP_CLIENT = `
import { createSocket } from 'node:dgram'
const [host, port, from, fromPort, patience] = process.argv.slice(1)
const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
const done = (text) => { console.log(text); process.exit(0) }
socket.on('message', (message) => done(JSON.parse(message).pod))
socket.on('error', ({ code }) => done(code === 'ECONNREFUSED' ? 'refused' : code))
socket.bind(Number(fromPort), from, () => {
  socket.connect(Number(port), host, () => socket.send('who?'))
  setTimeout(done, Number(patience), 'dropped')
})
`

/** Has nobody answer the connections from a port outside. */
function silence(port: number): string {
  return `table inet silent-${port} { chain prerouting {
    type filter hook prerouting priority raw
    tcp sport ${port} drop
  }; }`
}

/** Prints the pod that greets, how the connection failed, or `dropped`. */
const TCP_CLIENT = `
import { connect } from 'node:net'
const [host, port, localAddress, localPort, patience] = process.argv.slice(1)
const done = (text) => { console.log(text); process.exit(0) }
connect({ host, port: Number(port), localAddress, localPort: Number(localPort) })
  .on('data', (line) => done(JSON.parse(line).pod))
  .on('error', ({ code }) => done(code))
setTimeout(done, Number(patience), 'dropped')
`
