import type { ApiServer } from './apiserver.ts'

/** Lets an account of kube-system do this with all Services. */
export async function allow(
  server: ApiServer,
  account: string,
  verbs: readonly string[],
): Promise<void> {
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
  const name = `${account}-${verbs.join('-')}`
  const rules = [{ apiGroups: [''], resources: ['services'], verbs }]
  await server.admin.call('POST', roles, { metadata: { name }, rules })
  await server.admin.call('POST', `${roles.replace(/s$/, '')}bindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: account }],
  })
}
