import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
export type Manifest = any

const folder = fileURLToPath(new URL('../../deploy/crds/', import.meta.url))

/** Returns the CustomResourceDefinitions of deploy/crds, as their kustomization lists them. */
export function definitions(): readonly Manifest[] {
  return filesOf('').map(read)
}

function filesOf(place: string): readonly string[] {
  const { resources }: { readonly resources: readonly string[] } = read(
    `${place}kustomization.yaml`,
  )
  return resources.flatMap((name) =>
    name.endsWith('.yaml') ? [place + name] : filesOf(`${place}${name}/`),
  )
}

/** The names of all files there. */
export function crdFiles(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => basename(name))
    .filter((name) => name !== 'kustomization.yaml')
}

function read(file: string): Manifest {
  return parse(readFileSync(folder + file, 'utf8'))
}
