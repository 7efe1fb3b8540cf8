import type { Command } from 'commander'
import type { BackendName } from '../config/nodelb-config.ts'
import type { Scope } from '../model/node.ts'
import { type Format, withChoices, withFormat } from './common-options.ts'

/** What to show of the configuration. */
export interface ConfigOptions {
  readonly config: string | undefined
  readonly node: string | undefined
  readonly scope: Scope | undefined
  readonly backend: BackendName | undefined
  readonly format: Format
}

/** The commands about nodelb itself. */
export type AboutCommand =
  | { readonly kind: 'config'; readonly options: ConfigOptions }
  | { readonly kind: 'schema' }

interface ConfigFlags extends Partial<Omit<ConfigOptions, 'format'>> {
  readonly output: Format
}

export interface AboutInvocation {
  readonly kind: 'about'
  readonly command: AboutCommand
}

/** Adds the commands about nodelb itself. */
export function aboutCommands(program: Command, take: (invocation: AboutInvocation) => void): void {
  const run = (command: AboutCommand): void => take({ kind: 'about', command })
  const config = withFormat(withChoices(program.command('config')))
    .description('the configuration in force: every field, its value, and where it comes from')
    .action(({ config, node, scope, backend, output: format }: ConfigFlags) => {
      run({ kind: 'config', options: { config, node, scope, backend, format } })
    })
  config
    .command('schema')
    .exitOverride()
    .description('print the JSON Schema of a NodelbConfiguration')
    .action(() => run({ kind: 'schema' }))
}
