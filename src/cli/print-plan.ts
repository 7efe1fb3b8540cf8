import pc from 'picocolors'
import { explain, type Group, signOf, textOf } from '../plan/explain.ts'
import { eachOperation, operationCount, type Plan } from '../plan/operation.ts'
import { type OwnerOf, serviceOf } from '../plan/owners.ts'

/** The plan for people: a heading a Service port, `+` and `-` lines below. */
export function printPlan(plan: Plan, ownerOf: OwnerOf, colour: boolean): string {
  const paint = pc.createColors(colour)
  const group = ({ title, operations }: Group): string => {
    const lines = operations.map(({ sign, text }) =>
      sign === '+' ? paint.green(`  + ${text}`) : paint.red(`  - ${text}`),
    )
    return `${paint.bold(title)}\n${lines.join('\n')}\n`
  }
  const groups = explain(plan, ownerOf).map(group).join('')
  return `${groups}${count(operationCount(plan), 'operation')}\n`
}

/** The plan for programs; `owner` is null for what no single Service owns. */
export function planAsJson(plan: Plan, ownerOf: OwnerOf): string {
  const operations = Array.from(eachOperation(plan), (operation) => {
    const owner = ownerOf(operation)
    return {
      kind: operation.kind,
      family: operation.family,
      service: owner === undefined ? null : serviceOf(owner),
      owner: owner ?? null,
      change: `${signOf(operation)} ${textOf(operation)}`,
    }
  })
  return `${JSON.stringify({ operations }, null, 2)}\n`
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
