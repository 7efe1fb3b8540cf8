import { type Port, parsePort } from '../model/address.ts'
import type { ServicePort } from '../model/service.ts'
import { anything, fields, parseFields, port, portName, protocol } from './fields.ts'
import { joinPath, type Report } from './problem.ts'
import { shared } from './shared-text.ts'

const portSchema = fields({
  name: portName.nullish(),
  protocol,
  port,
  nodePort: anything,
})

/** The good ports; a bad one is reported and left out. None at all is reported too. */
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
    if (read !== undefined && unique(read, path, taken, report)) ports.push(read)
  })
  // A copy is as long as it has to be: `push` leaves room for more.
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
  if (nodePort === 'bad') {
    report.error(joinPath(path, 'nodePort'), read.nodePort, 'a port from 1 to 65535')
    return undefined
  }
  return { name: shared(read.name ?? ''), protocol: read.protocol, port: read.port, nodePort }
}

/** 0 stands for none, as in a Service with allocateLoadBalancerNodePorts: false. */
function readNodePort(value: unknown): Port | undefined | 'bad' {
  if (value === undefined || value === null || value === 0) return undefined
  return parsePort(value) ?? 'bad'
}

/** Names, ports and node ports are keys in the rule set, so each may stand once in a Service. */
function unique(read: ServicePort, path: string, taken: Set<string>, report: Report): boolean {
  const keys = [
    { field: 'name', value: read.name, key: `name ${read.name}` },
    { field: 'port', value: read.port, key: `port ${read.protocol} ${read.port}` },
    { field: 'nodePort', value: read.nodePort, key: `node ${read.protocol} ${read.nodePort}` },
  ].filter(({ value }) => value !== undefined)
  const clash = keys.find(({ key }) => taken.has(key))
  if (clash !== undefined) {
    report.error(
      joinPath(path, clash.field),
      clash.value,
      `a ${clash.field} no other port of the Service has`,
    )
    return false
  }
  for (const { key } of keys) taken.add(key)
  return true
}
