import { anything, fields, parseFields, port, portName, protocol } from '../decode/fields.ts'
import { joinPath, type Report } from '../decode/problem.ts'
import { type Port, parsePort } from '../model/address.ts'
import type { ServicePort } from '../model/service.ts'
import { shared } from './shared-text.ts'

const portSchema = fields({
  name: portName.nullish(),
  protocol,
  port,
  nodePort: anything,
})

/**
 * Returns the valid ports. A bad port is reported and left out; a port with a bad NodePort loses
 * only that. A Service without ports is reported, too.
 */
export function readServicePorts(
  values: readonly unknown[],
  nodePorts: boolean,
  report: Report,
): ServicePort[] {
  if (values.length === 0) report.error('spec.ports', undefined, 'at least one port')
  const taken = new Set<string>()
  const ports: ServicePort[] = []
  values.forEach((value, i) => {
    const path = joinPath('spec.ports', i)
    const read = readPort(value, path, nodePorts, report)
    const kept = read && unique(read, path, taken, report)
    if (kept !== undefined) ports.push(kept)
  })
  // The copy takes only the memory that it needs: `push` reserves more.
  return [...ports]
}

function readPort(
  value: unknown,
  path: string,
  nodePorts: boolean,
  report: Report,
): ServicePort | undefined {
  const read = parseFields(portSchema, value, path, report)
  if (read === undefined) return undefined
  const nodePort = nodePorts ? readNodePort(read.nodePort) : undefined
  const { name, protocol, port } = read
  if (nodePort !== 'bad') return { name: shared(name ?? ''), protocol, port, nodePort }
  report.error(joinPath(path, 'nodePort'), read.nodePort, 'a port from 1 to 65535')
  return { name: shared(name ?? ''), protocol, port, nodePort: undefined }
}

/**
 * Returns the NodePort. 0 means none, as in a Service with allocateLoadBalancerNodePorts: false.
 */
function readNodePort(value: unknown): Port | undefined | 'bad' {
  if (value === undefined || value === null || value === 0) return undefined
  return parsePort(value) ?? 'bad'
}

/**
 * Checks that name, port and node port are used once in the Service, because they are keys in the
 * rule set. Returns undefined for a second name or port, and drops a second node port.
 */
function unique(
  read: ServicePort,
  path: string,
  taken: Set<string>,
  report: Report,
): ServicePort | undefined {
  const { name, protocol, port, nodePort } = read
  const isFree = (field: string, value: unknown, key: string): boolean => {
    if (!taken.has(key)) return true
    const expected = `a ${field} no other port of the Service has`
    report.error(joinPath(path, field), value, expected)
    return false
  }
  const keys = [`name ${name}`, `port ${protocol} ${port}`] as const
  if (!isFree('name', name, keys[0]) || !isFree('port', port, keys[1])) return undefined
  for (const key of keys) taken.add(key)
  if (nodePort === undefined) return read
  const key = `node ${protocol} ${nodePort}`
  if (!isFree('nodePort', nodePort, key)) return { ...read, nodePort: undefined }
  taken.add(key)
  return read
}
