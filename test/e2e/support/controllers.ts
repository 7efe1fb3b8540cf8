import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import { eventually } from '../../support/eventually.ts'
import type { ApiServer } from './apiserver.ts'

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url))

/** Where objects of these kinds are. */
export const paths = {
  pools: '/apis/metallb.io/v1beta1/namespaces/kube-system/ipaddresspools',
  services: (namespace: string) => `/api/v1/namespaces/${namespace}/services`,
  configMaps: '/api/v1/namespaces/kube-system/configmaps',
  lease: '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/nodelb-controller',
} as const

/** Installs the kinds and the rights of the controller, as deploy/ has them. */
export async function installController(server: ApiServer): Promise<void> {
  await installKinds(server)
  await installAccount(server, 'controller')
}

/** Installs the kinds of metallb.io, as deploy/ has them. */
export async function installKinds(server: ApiServer): Promise<void> {
  const { stdout } = await execa('kubectl', ['kustomize', `${deploy}crds`])
  for (const document of parseAllDocuments(stdout)) {
    await server.admin.call(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      document.toJS(),
    )
  }
  await eventually(async () => (await server.admin.ask('GET', paths.pools)).status === 200)
}

/** Installs the account and the rights of a component. */
export async function installAccount(server: ApiServer, component: string): Promise<void> {
  const account = readFileSync(`${deploy}components/${component}/account.yaml`, 'utf8')
  for (const document of parseAllDocuments(account)) await place(server, document.toJS())
}

const ROOTS: Readonly<Record<string, string>> = {
  ServiceAccount: '/api/v1/namespaces/kube-system/serviceaccounts',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Role: '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles',
  RoleBinding: '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings',
}

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes takes
async function place({ admin }: ApiServer, manifest: any): Promise<void> {
  const root = ROOTS[manifest.kind]
  if (root === undefined) throw new Error(`no place for a ${manifest.kind}`)
  // The overlay adds the namespace, which the account in a binding needs.
  const subjects = manifest.subjects?.map((each: object) => ({ ...each, namespace: 'kube-system' }))
  await admin.call('POST', root, { ...manifest, ...(subjects && { subjects }) })
}

/** A pool, as people write it. */
export function pool(name: string, addresses: readonly string[], spec: object = {}): object {
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name },
    spec: { addresses, ...spec },
  }
}

/** A Service of type LoadBalancer, as people write it. */
export function balanced(
  name: string,
  {
    annotations = {},
    ...spec
  }: { readonly annotations?: object; readonly [field: string]: unknown } = {},
): object {
  return {
    metadata: { name, annotations },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], selector: { app: name }, ...spec },
  }
}
