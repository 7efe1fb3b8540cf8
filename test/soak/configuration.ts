import { replaceFile } from '../support/configuration.ts'
import type { Choice } from './schedule.ts'

/** Writes the configuration whole, at once. */
export function configure(file: string, choice: Choice): void {
  const { flavour, nodePortAddresses, ...fields } = choice
  const documents = [
    {
      apiVersion: 'nodelb.io/v1alpha1',
      kind: 'NodelbConfiguration',
      ...fields,
      iptables: { flavour },
      serviceCIDRs: ['10.96.0.0/16', 'fd00:10:96::/112'],
    },
    {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      nodePortAddresses,
    },
  ]
  replaceFile(file, documents.map((document) => JSON.stringify(document)).join('\n---\n'))
}
