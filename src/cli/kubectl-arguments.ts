import { type Command, InvalidArgumentError } from 'commander'
import { type Format, kubeconfigOption, withConfig, withFormat } from './common-options.ts'

/** What `nodelb cluster` is asked. */
export type ClusterQuestion =
  | { readonly kind: 'status' | 'services' | 'pools' }
  /** Of one Node, or of all if it is undefined. */
  | { readonly kind: 'announcers'; readonly node: string | undefined }
  | { readonly kind: 'drain'; readonly node: string }

/** The packet to explain, and the Node that it meets. */
export interface NodeExplainQuestion {
  readonly kind: 'explain'
  readonly node: string
  readonly to: string
  /** Undefined if the Node itself asks. */
  readonly from: string | undefined
  /** True to show the rules. */
  readonly full: boolean
}

/** How the API server is asked, and how the answer is printed. */
export interface ClusterOptions {
  readonly question: ClusterQuestion | NodeExplainQuestion
  /** The kubeconfig; if undefined, it is looked for where kubectl looks, and in the pod. */
  readonly kubeconfig: string | undefined
  /** A configuration in place of the one that the agents mount. */
  readonly config: string | undefined
  readonly format: Format
}

/** How the page of the controller is reached. */
export interface UiOptions {
  /** The kubeconfig; if undefined, it is looked for where kubectl looks, and in the pod. */
  readonly kubeconfig: string | undefined
  /** The port of this machine; 0 for any that is free. */
  readonly port: number
  /** True to open it in a browser. */
  readonly open: boolean
}

interface UiFlags {
  readonly kubeconfig?: string
  readonly port: number
  readonly open?: boolean
}

interface ClusterFlags {
  readonly kubeconfig?: string
  readonly config?: string
  readonly output: Format
  readonly node?: string
}

interface NodeExplainFlags extends ClusterFlags {
  readonly node: string
  readonly to: string
  readonly from?: string
  readonly full?: true
}

/** What the commands of `kubectl nodelb` are handed to. */
interface Taking {
  readonly asked: (options: ClusterOptions) => void
  readonly ui: (options: UiOptions) => void
}

/** Adds the commands that read the API server alone, which are those of `kubectl nodelb`, too. */
export function clusterVerbs(program: Command, taking: Taking): void {
  const group = program
    .command('cluster')
    .exitOverride()
    .description(
      'what nodelb does in the whole cluster, by the API server alone; nothing is changed. As kubectl-nodelb in the PATH this program is `kubectl nodelb`',
    )
  const verb = (name: string, description: string): Command => {
    const command = withFormat(withConfig(group.command(name))).description(description)
    return command.addOption(kubeconfigOption())
  }
  const asked = (question: ClusterOptions['question'], flags: ClusterFlags): void => {
    const { kubeconfig, config, output } = flags
    taking.asked({ question, kubeconfig, config, format: output })
  }
  verb('status', 'what needs a person, then agents, controller, pools and Services').action(
    (flags: ClusterFlags) => asked({ kind: 'status' }, flags),
  )
  verb('services', 'the Services with an address for clients outside, and those that wait').action(
    (flags: ClusterFlags) => asked({ kind: 'services' }, flags),
  )
  verb('pools', 'how full the pools are, and who has addresses of them').action(
    (flags: ClusterFlags) => asked({ kind: 'pools' }, flags),
  )
  verb('announcers', 'which Node would announce which address, and how and why')
    .option('--node <name>', 'show this Node alone')
    .action((flags: ClusterFlags) => asked({ kind: 'announcers', node: flags.node }, flags))
  explainVerb(verb('explain', 'where a packet goes on a Node, as it should be, and why')).action(
    (flags: NodeExplainFlags) => {
      const { node, to, from, full = false } = flags
      asked({ kind: 'explain', node, to, from, full }, flags)
    },
  )
  verb('drain', 'who takes over from a Node, and which Services lose their last endpoint')
    .argument('<node>', 'the Node')
    .requiredOption('--dry-run', 'say that nothing is to be changed: this command only tells')
    .action((node: string, flags: ClusterFlags) => asked({ kind: 'drain', node }, flags))
  uiVerb(group.command('ui')).action(({ kubeconfig, port, open = false }: UiFlags) => {
    taking.ui({ kubeconfig, port, open })
  })
}

/** The port of the page in a Pod of the controller, and the first choice here. */
const UI_PORT = 10_268

function uiVerb(command: Command): Command {
  return command
    .description('forward a port to the page of the controller, which shows how the cluster fares')
    .addOption(kubeconfigOption())
    .option('--port <number>', 'the port of this machine; 0 for any that is free', portIn, UI_PORT)
    .option('--open', 'open it in a browser')
}

function portIn(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('expected a number from 0 to 65535')
}

function explainVerb(command: Command): Command {
  return command
    .requiredOption('--node <name>', 'the Node that the packet meets')
    .requiredOption(
      '--to <address:port>',
      'where to, /udp or /sctp behind it if not TCP; or namespace/name of a Service, or namespace/name:port',
    )
    .option('--from <address>', 'who sends it (default: the Node)')
    .option('--full', 'show the rules that do something to it')
}
