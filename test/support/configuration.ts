import { renameSync, writeFileSync } from 'node:fs'

/** A NodelbConfiguration with these fields, which a reader of the file never sees half written. */
export function writeConfiguration(file: string, fields: object): void {
  const config = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration', ...fields }
  replaceFile(file, JSON.stringify(config))
}

export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}
