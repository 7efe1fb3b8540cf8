/** Where Services and EndpointSlices of the default namespace are. */
export const services = '/api/v1/namespaces/default/services'
export const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'

/** Labels that keep an object from proxies. */
export const headless = { 'service.kubernetes.io/headless': '' }
export const otherProxy = { 'service.kubernetes.io/service-proxy-name': 'other' }

export function service(name: string, labels?: object): object {
  return { metadata: { name, labels }, spec: { ports: [{ port: 80 }] } }
}

export function slice(name: string, labels?: object): object {
  const type = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }
  return { ...type, metadata: { name, labels }, addressType: 'IPv4', endpoints: [] }
}
