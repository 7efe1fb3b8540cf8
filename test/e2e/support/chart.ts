import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { kubernetesTools } from './kubernetes-tools.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
export type Manifest = any

export const chart: string = fileURLToPath(new URL('../../../charts/nodelb', import.meta.url))

interface Said {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number | undefined
}

/** helm, of a version. Its cache and its configuration are in a folder of its own. */
export class Helm {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'nodelb-helm-'))
  readonly #program: string

  private constructor(program: string) {
    this.#program = program
  }

  static async of(version: 'helm-4' | 'helm-3' = 'helm-4'): Promise<Helm> {
    return new Helm(join(await kubernetesTools(version), 'helm'))
  }

  /** What it says, and whether it failed. */
  async run(args: readonly string[]): Promise<Said> {
    const { folder } = this
    const env = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder }
    const { stdout, stderr, exitCode } = await execa(this.#program, args, { env, reject: false })
    return { stdout, stderr, exitCode }
  }

  /** What it makes of the chart, in the namespace of the overlays; rejects with what it says against it. */
  async template(args: readonly string[]): Promise<Manifest[]> {
    const all = ['template', 'nodelb', chart, '--namespace=kube-system', '--skip-tests', ...args]
    const { stdout, stderr, exitCode } = await this.run(all)
    if (exitCode !== 0) throw new Error(stderr)
    return parseAllDocuments(stdout).flatMap((document) => document.toJS() ?? [])
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

/**
 * The objects by kind and name. Names have no hash, and a configuration is what it says, not how it is
 * written.
 */
export function comparable(manifests: readonly Manifest[]): Record<string, Manifest> {
  const plain = JSON.parse(
    JSON.stringify(manifests).replaceAll(/(nodelb-api-server)-[0-9a-z]+/g, '$1'),
  )
  return Object.fromEntries(
    plain.map((manifest: Manifest) => {
      const text = manifest.data?.['config.yaml']
      if (text !== undefined) {
        manifest.data['config.yaml'] = parseAllDocuments(text).map((each) => each.toJS())
      }
      return [`${manifest.kind} ${manifest.metadata.name}`, manifest]
    }),
  )
}

/**
 * Makes a copy of the chart for the API server of the tests, which is older than the chart asks for: it has
 * EndpointSlice v1 all the same, and does not know the rules in CustomResourceDefinitions.
 */
export function copyForOldServer(copy: string): void {
  cpSync(chart, copy, { recursive: true, dereference: true })
  const edit = (file: string, change: (text: string) => string): void =>
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  edit(join(copy, 'Chart.yaml'), (text) => text.replace('>=1.21', '>=1.20'))
  const crds = join(copy, 'kinds')
  const dropped = (key: unknown, value: unknown) =>
    key === 'x-kubernetes-validations' ? undefined : value
  for (const name of readdirSync(crds).filter((each) => each.endsWith('.yaml'))) {
    edit(join(crds, name), (text) => stringify(parse(text, dropped)))
  }
}
