import type { Command } from 'commander'

/** By what a reader wants: to see, to change something now, or to have something run. */
export const GROUPS = ['Look', 'Change', 'Run'] as const

/** What help says of a command beside its options. */
export interface Help {
  readonly group: (typeof GROUPS)[number]
  readonly examples: readonly [string, string]
  /** The page of the documentation. */
  readonly page: string
}

const KUBECTL = 'docs/kubectl.md'

/** Returns what help says of the commands below `cluster`. */
function verbs(
  examples: Readonly<Record<string, Help['examples']>>,
): Readonly<Record<string, Help>> {
  return Object.fromEntries(
    Object.entries(examples).map(([verb, mine]) => {
      return [`cluster ${verb}`, { group: 'Look', examples: mine, page: KUBECTL }]
    }),
  )
}

/** In the order of the commands in the overview. */
const HELP: Readonly<Record<string, Help>> = {
  status: {
    group: 'Look',
    examples: ['nodelb status --all', 'nodelb status shop/web'],
    page: 'docs/operations.md',
  },
  explain: {
    group: 'Look',
    examples: [
      'nodelb explain --to shop/web',
      'nodelb explain --from 198.51.100.7 --to 192.168.1.240:53/udp -f objects.yaml --node node-a',
    ],
    page: 'docs/explain.md',
  },
  render: {
    group: 'Look',
    examples: [
      'nodelb render -f objects.yaml --node node-a',
      'nodelb render -f objects/ --node node-a --scope all -o json',
    ],
    page: 'docs/gitops.md',
  },
  diff: {
    group: 'Look',
    examples: [
      'kubectl get services,endpointslices,nodes -A -o yaml | nodelb diff -f - --node node-a',
      'nodelb diff -f main/ --against branch/ --node node-a -o markdown',
    ],
    page: 'docs/gitops.md',
  },
  allocate: {
    group: 'Look',
    examples: [
      'nodelb allocate -f objects.yaml',
      'nodelb allocate -f main/ --against branch/ --service shop/web',
    ],
    page: 'docs/addresses.md',
  },
  announcers: {
    group: 'Look',
    examples: [
      'nodelb announcers -f objects.yaml',
      'nodelb announcers -f objects.yaml --without node-a',
    ],
    page: 'docs/layer2.md',
  },
  cluster: {
    group: 'Look',
    examples: ['nodelb cluster status', 'kubectl nodelb services'],
    page: KUBECTL,
  },
  ...verbs({
    status: ['kubectl nodelb status', 'kubectl nodelb status -o json'],
    services: ['kubectl nodelb services', 'kubectl nodelb services -o json'],
    pools: ['kubectl nodelb pools', 'kubectl nodelb pools -o json'],
    announcers: ['kubectl nodelb announcers', 'kubectl nodelb announcers --node node-a'],
    explain: [
      'kubectl nodelb explain --node node-a --to shop/web',
      'kubectl nodelb explain --node node-a --to 192.168.1.240:80 --from 198.51.100.7',
    ],
    drain: [
      'kubectl nodelb drain node-a --dry-run',
      'kubectl nodelb drain node-a --dry-run -o json',
    ],
    ui: ['kubectl nodelb ui', 'kubectl nodelb ui --port 8080 --open'],
  }),
  config: {
    group: 'Look',
    examples: [
      'nodelb config --config config.yaml',
      'kubectl -n kube-system get configmap kube-proxy -o yaml | nodelb config --config - --scope all',
    ],
    page: 'docs/configuration.md',
  },
  'config schema': {
    group: 'Look',
    examples: ['nodelb config schema', 'nodelb config schema > nodelb-configuration.schema.json'],
    page: 'docs/configuration.md',
  },
  bundle: {
    group: 'Look',
    examples: [
      'nodelb bundle -o nodelb.tar.gz --config config.yaml',
      'nodelb bundle -o nodelb.tar.gz --objects --log agent.log',
    ],
    page: 'docs/operations.md',
  },
  completion: {
    group: 'Look',
    examples: ['source <(nodelb completion bash)', 'nodelb completion fish | source'],
    page: 'docs/operations.md',
  },
  man: {
    group: 'Look',
    examples: ['nodelb man | man -l -', 'nodelb man > nodelb.1'],
    page: 'docs/operations.md',
  },
  apply: {
    group: 'Change',
    examples: [
      'nodelb apply -f objects.yaml --node node-a',
      'nodelb apply -f objects.yaml --node node-a --scope all --backend nftables',
    ],
    page: 'docs/gitops.md',
  },
  prepare: {
    group: 'Change',
    examples: ['nodelb prepare', 'nodelb prepare --config config.yaml'],
    page: 'docs/operations.md',
  },
  cleanup: {
    group: 'Change',
    examples: ['nodelb cleanup', 'nodelb cleanup; nodelb status'],
    page: 'docs/operations.md',
  },
  run: {
    group: 'Run',
    examples: ['nodelb run --node node-a --scope all', 'nodelb run -f objects/ --node node-a'],
    page: 'docs/operations.md',
  },
  controller: {
    group: 'Run',
    examples: [
      'nodelb controller --config config.yaml',
      'nodelb controller --kubeconfig kubeconfig --namespace kube-system',
    ],
    page: 'docs/addresses.md',
  },
}

/** Returns what help says of the command with these words; a test looks that every command has it. */
export function helpOf(words: string): Help | undefined {
  return HELP[words]
}

/** Puts every command into its group, and examples and a page below its options. */
export function withHelp(program: Command): void {
  const order = Object.keys(HELP)
  const at = (command: Command): number => order.indexOf(command.name())
  const sorted = [...program.commands].sort((a, b) => at(a) - at(b))
  for (const command of sorted) tell(command, '')
  program.configureHelp({ visibleCommands: () => sorted.filter((each) => at(each) >= 0) })
}

function tell(command: Command, before: string): void {
  const words = `${before}${command.name()}`
  for (const below of command.commands) tell(below, `${words} `)
  const help = helpOf(words)
  if (help === undefined) return
  const examples = help.examples.map((example) => `  ${example}`).join('\n')
  command
    .helpGroup(`${help.group}:`)
    .addHelpText('after', `\nExamples:\n${examples}\n\nMore: ${help.page}`)
}
