import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { Api } from './api.ts'

/** The account and the rights that deploy/ gives the agent, from what kubectl makes of it. */
export async function install(admin: Api): Promise<void> {
  const built = fileURLToPath(
    new URL('../../../deploy/overlays/all/expected.yaml', import.meta.url),
  )
  const paths: Readonly<Record<string, string>> = {
    ServiceAccount: '/api/v1/namespaces/kube-system/serviceaccounts',
    ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  }
  for (const document of parseAllDocuments(readFileSync(built, 'utf8'))) {
    const manifest = document.toJS()
    const path = paths[manifest.kind]
    if (path !== undefined) await admin.call('POST', path, manifest)
  }
}
