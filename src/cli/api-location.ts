import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { ApiLocation } from '../watch/api/credentials.ts'

const NO_SERVER =
  '--kubeconfig: found nothing, expected a kubeconfig there, in KUBECONFIG or in ~/.kube/config, or a Pod with KUBERNETES_SERVICE_HOST and _PORT'

interface Unknown {
  readonly kind: 'unknown'
  readonly reason: string
}

/**
 * Returns where the API server and the credentials are described: by `--kubeconfig`, else by
 * KUBECONFIG, else by the Pod, else in ~/.kube/config. A file may still be missing, or come later.
 */
export function apiLocation(option: string | undefined): ApiLocation | Unknown {
  if (option !== undefined) return { kind: 'kubeconfig', file: option }
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env
  const named = (KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  if (named.length > 1) {
    const reason = `KUBECONFIG: found ${named.length} files, expected one: name one with --kubeconfig`
    return { kind: 'unknown', reason }
  }
  const [file] = named
  if (file !== undefined) return { kind: 'kubeconfig', file }
  if (KUBERNETES_SERVICE_HOST && KUBERNETES_SERVICE_PORT) return { kind: 'in-cluster' }
  const own = join(homedir(), '.kube', 'config')
  return existsSync(own)
    ? { kind: 'kubeconfig', file: own }
    : { kind: 'unknown', reason: NO_SERVER }
}
