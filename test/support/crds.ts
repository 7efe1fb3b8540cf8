import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
export type Manifest = any

const folder = fileURLToPath(new URL('../../deploy/crds/', import.meta.url))

/** Returns the CustomResourceDefinitions of deploy/crds, as their kustomization lists them. */
export function definitions(): readonly Manifest[] {
  const { resources } = read('kustomization.yaml')
  return resources.map(read)
}

/** The names of all files there. */
export function crdFiles(): readonly string[] {
  return readdirSync(folder).filter((name) => name !== 'kustomization.yaml')
}

function read(file: string): Manifest {
  return parse(readFileSync(folder + file, 'utf8'))
}
