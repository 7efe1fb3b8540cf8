import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { chart, comparable, Helm, type Manifest } from './support/chart.ts'
import { kubernetesTools } from './support/kubernetes-tools.ts'
import { writtenForAnnotations } from './support/scrape-annotations.ts'

/** The chart and the kustomize components say the same, whichever of them are used together. */

const deploy = fileURLToPath(new URL('../../deploy/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-components-'))
let kubectl: string
let helm: Helm

beforeAll(async () => {
  kubectl = join(await kubernetesTools(), 'kubectl')
  helm = await Helm.of()
})
afterAll(() => {
  helm?.remove()
  rmSync(folder, { recursive: true })
})

interface Choice {
  readonly values: Manifest
  /** What the operator adds to the configuration of the overlay. */
  readonly config?: Manifest
  /** The folder of deploy/ that the operator adds to the resources. */
  readonly resource?: string
}

const members = { keyFile: '/etc/nodelb/members/secretkey' }

/** What stands for each component: values of the chart, and fields of the configuration. */
const choices: Readonly<Record<string, Choice>> = {
  layer2: {
    // With kustomize the Secret is the operator's.
    values: { layer2: { enabled: true, createSecret: false } },
    config: { announce: { layer2: { enabled: true, members } } },
  },
  bgp: {
    values: { bgp: { enabled: true } },
    config: { announce: { bgp: { enabled: true } } },
  },
  'bgp-bfd': {
    values: { bgp: { enabled: true, bfd: { enabled: true } } },
    config: { announce: { bgp: { enabled: true } } },
  },
  'bgp-frr-k8s': {
    values: { bgp: { enabled: true, engine: 'frr-k8s' } },
    config: { announce: { bgp: { enabled: true, engine: 'frr-k8s' } } },
  },
  metrics: { values: { metrics: { enabled: true, rules: { enabled: true } } } },
  'metrics-annotations': { values: writtenForAnnotations().values },
  'metrics-services': {
    values: { config: { metrics: { services: { enabled: true } } } },
    config: { metrics: { services: { enabled: true } } },
  },
  controller: { values: { controller: { enabled: true } } },
  // Its field is in the file of the controller.
  ui: { values: { ui: { enabled: true } }, resource: 'crds/nodelb' },
  ipvs: { values: { backend: 'ipvs' }, config: { backend: 'ipvs' } },
  iptables: { values: { legacyIptables: true } },
}

/** The choices of components together: several have something to say about `announce`, or about the controller. */
function chosen(names: readonly string[], part: 'values' | 'config'): Manifest {
  const all: Manifest = {}
  for (const name of names) {
    for (const [field, value] of Object.entries(choices[name]?.[part] ?? {})) {
      all[field] = typeof value === 'object' ? { ...all[field], ...value } : value
    }
  }
  return all
}

/** What kubectl makes of an overlay with components, in this order, and what their operator adds. */
async function kustomized(overlay: string, names: readonly string[]): Promise<Manifest[]> {
  const [first, ...others] = parseAllDocuments(
    readFileSync(join(deploy, 'overlays', overlay, 'config.yaml'), 'utf8'),
  ).map((document) => document.toJS())
  const documents = [{ ...first, ...chosen(names, 'config') }, ...others]
  writeFileSync(join(folder, 'config.yaml'), documents.map((each) => stringify(each)).join('---\n'))
  const { image } = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')).bgp
  const [nodelb] = parse(
    readFileSync(join(deploy, 'overlays', overlay, 'kustomization.yaml'), 'utf8'),
  ).images
  const kustomization = {
    namespace: 'kube-system',
    resources: [
      inDeploy(join('overlays', overlay)),
      ...names.flatMap((name) => choices[name]?.resource ?? []).map(inDeploy),
    ],
    components: names.map((name) => inDeploy(join('components', name))),
    configMapGenerator: [
      generated('nodelb', { behavior: 'replace', files: ['config.yaml'] }),
      ...(names.includes('controller') ? [await controllerConfig(names.includes('ui'))] : []),
    ],
    images: [nodelb, { name: 'frr', newName: image.repository, newTag: image.tag }],
  }
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization))
  const { stdout } = await execa(kubectl, ['kustomize', folder])
  return parseAllDocuments(stdout).map((document) => document.toJS())
}

function inDeploy(place: string): string {
  return relative(folder, join(deploy, place))
}

function generated(name: string, rest: object): object {
  return { name, ...rest, options: { disableNameSuffixHash: true } }
}

/** As overlays/controller has it, with the page if it is wanted. */
async function controllerConfig(ui: boolean): Promise<object> {
  const text = readFileSync(join(deploy, 'overlays/controller/config.yaml'), 'utf8')
  const config = { ...parse(text), ...(ui && { ui: { enabled: true } }) }
  writeFileSync(join(folder, 'controller.yaml'), stringify(config))
  return generated('nodelb-controller', { files: ['config.yaml=controller.yaml'] })
}

/** By what Kubernetes tells entries of these lists apart: their order means nothing to it. */
const KEYS = new Map([
  ['env', 'name'],
  ['volumeMounts', 'mountPath'],
  ['volumes', 'name'],
])

function ordered(value: Manifest, field = ''): Manifest {
  if (Array.isArray(value)) {
    const key = KEYS.get(field)
    const entries = value.map((entry) => ordered(entry))
    return key === undefined ? entries : entries.sort((a, b) => (a[key] < b[key] ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, ordered(entry, name)]),
  )
}

async function charted(args: readonly string[], names: readonly string[]): Promise<Manifest[]> {
  const values = join(folder, 'values.yaml')
  writeFileSync(values, stringify(chosen(names, 'values')))
  return helm.template([`--values=${values}`, ...args])
}

const announcers = [[], ['bgp'], ['bgp-bfd'], ['bgp-frr-k8s']]
const backends = [[], ['ipvs'], ['iptables']]
const rest = ['layer2', 'metrics', 'controller', 'ui']
const combinations = announcers.flatMap((announcer) =>
  backends.flatMap((backend) => [
    [...announcer, ...backend],
    // The other way round as well: a component may not count on another one before it.
    [...rest, ...backend, ...announcer],
  ]),
)

const alone = [
  ['layer2'],
  ['metrics'],
  ['metrics', 'metrics-services'],
  ['metrics-annotations'],
  ['controller', 'metrics-annotations'],
  ['controller'],
  ['controller', 'ui'],
]

test.each([...combinations, ...alone].map((names) => [names]))(
  'the chart makes what overlay load-balancer with the components %j is',
  async (names) => {
    const made = ordered(comparable(await charted([], names)))
    expect(made).toEqual(ordered(comparable(await kustomized('load-balancer', names))))
  },
)

test.each([[['bgp-bfd', 'ipvs', 'layer2']], [['metrics', 'bgp', 'iptables']], [['bgp-frr-k8s']]])(
  'the chart makes what overlay all with the components %j is',
  async (names) => {
    const args = ['--set=scope=all,apiServer.host=192.0.2.1']
    const made = ordered(comparable(await charted(args, names)))
    expect(made).toEqual(ordered(comparable(await kustomized('all', names))))
  },
)
