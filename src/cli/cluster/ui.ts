import { spawn } from 'node:child_process'
import { type ControllerPod, readControllerPod } from '../../decode/cluster/controller-pod.ts'
import { readLease } from '../../decode/cluster/lease.ts'
import { ApiClient } from '../../watch/api/client.ts'
import type { ApiLocation } from '../../watch/api/credentials.ts'
import { readList } from '../../watch/read-list.ts'
import { selectionOf } from '../../watch/selection.ts'
import { apiLocation } from '../api-location.ts'
import { TROUBLE } from '../arguments.ts'
import type { UiOptions } from '../kubectl-arguments.ts'
import type { Output } from '../output.ts'
import { untilSignal } from '../until-signal.ts'

/** The label of the Pods of the controller. */
const PODS = { path: '/api/v1/pods', labels: 'app.kubernetes.io/name=nodelb-controller' } as const

/** The longest time for reading what is needed, in milliseconds. */
const READING_MS = 30_000

/**
 * Runs `nodelb cluster ui`: has kubectl forward a port of this machine to the page of a controller, until it is
 * ended. Who may do that is decided by the API server. Returns 0, or 2 if there is no page or it cannot be reached.
 */
export async function uiCommand(
  options: UiOptions,
  version: string,
  output: Output,
): Promise<number> {
  const location = apiLocation(options.kubeconfig)
  if (location.kind === 'unknown') {
    output.say(`nodelb: ${location.reason}`)
    return TROUBLE
  }
  const pod = await podWithPage(location, version)
  if (typeof pod !== 'string') return forward(pod, { location, ...options }, output)
  output.say(`nodelb: ${pod}`)
  return TROUBLE
}

interface PodWithPage extends ControllerPod {
  readonly ui: number
}

/** Returns the Pod that serves the page, that of the leader if it does; or why there is none. */
async function podWithPage(location: ApiLocation, version: string): Promise<PodWithPage | string> {
  const client = new ApiClient(location, `kubectl-nodelb/${version}`)
  const signal = AbortSignal.timeout(READING_MS)
  try {
    const { items, trouble } = await readList(client, PODS, false, signal)
    if (trouble !== undefined) return `Pods are not read: ${trouble}`
    // Without the right to read Leases any Pod will do.
    const leases = await readList(client, selectionOf('controller-leases'), false, signal)
    const [lease] = leases.items.map(readLease)
    return chosen(items.map(readControllerPod), `${lease?.namespace}/${lease?.holder}`)
  } finally {
    client.close()
  }
}

function chosen(pods: readonly ControllerPod[], leader: string): PodWithPage | string {
  if (pods.length === 0) {
    return 'found no controller: no Pod has the label app.kubernetes.io/name=nodelb-controller'
  }
  const serving = pods.flatMap((pod) => (pod.ui === undefined ? [] : [{ ...pod, ui: pod.ui }]))
  const [any] = serving
  if (any === undefined) {
    return 'the controller serves no page: expected ui.enabled among the values of the chart (docs/page.md)'
  }
  const ready = serving.filter((pod) => pod.ready)
  const leading = ready.find(({ namespace, name }) => `${namespace}/${name}` === leader)
  return leading ?? ready[0] ?? any
}

interface Forwarding extends Omit<UiOptions, 'kubeconfig'> {
  readonly location: ApiLocation
}

function forward(
  { namespace, name, ui }: PodWithPage,
  { location, port, open }: Forwarding,
  output: Output,
): Promise<number> {
  const as = location.kind === 'kubeconfig' ? [`--kubeconfig=${location.file}`] : []
  const words = [...as, `--namespace=${namespace}`, 'port-forward', `pod/${name}`, `${port}:${ui}`]
  const child = spawn('kubectl', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const url = urlIn(said + text)
    if (url !== undefined && urlIn(said) === undefined) {
      output.out(`${url}  the page of ${namespace}/${name}; Ctrl-C ends it\n`)
      if (open) openBrowser(url, output)
    }
    said = (said + text).slice(0, LONGEST)
  })
  const ended = new Promise<number>((resolve) => {
    child.on('error', ({ message }) => {
      output.say(`nodelb: kubectl, which forwards the port, cannot be started: ${message}`)
      resolve(TROUBLE)
    })
    child.on('close', () => resolve(TROUBLE))
  })
  const stopped = untilSignal().then(() => {
    child.kill()
    return 0
  })
  return Promise.race([stopped, ended])
}

/** So much of what kubectl says is looked at, in characters: a line for each connection follows. */
const LONGEST = 1000

/** Returns where kubectl listens, once it has said so: `Forwarding from 127.0.0.1:10268 -> 10268`. */
function urlIn(text: string): string | undefined {
  const [, at] = /^Forwarding from (127\.0\.0\.1:\d+|\[::1\]:\d+) ->.*$/m.exec(text) ?? []
  return at === undefined ? undefined : `http://${at}/`
}

function openBrowser(url: string, output: Output): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const browser = spawn(program, [url], { stdio: 'ignore', detached: true })
  browser.on('error', ({ message }) => output.say(`nodelb: no browser is opened: ${message}`))
  browser.unref()
}
