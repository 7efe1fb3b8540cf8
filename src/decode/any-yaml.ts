import {
  type ParsedNode,
  parseAllDocuments,
  type ScalarTag,
  type Document as YamlDocument,
} from 'yaml'
import { OCTAL_OF_YAML_1_1 } from './plain-scalar.ts'

const octal: ScalarTag = {
  default: true,
  tag: 'tag:yaml.org,2002:int',
  test: OCTAL_OF_YAML_1_1,
  resolve: (text) => Number.parseInt(text, 8),
}

/**
 * Parses the documents of a text, in any style of YAML 1.2 and in its core schema, with the merge
 * keys of YAML 1.1. Each has its own errors; nothing is thrown.
 */
export function parseAnyYaml(text: string): readonly YamlDocument.Parsed<ParsedNode>[] {
  return parseAllDocuments(text, {
    schema: 'core',
    customTags: (tags) => [octal, ...tags],
    merge: true,
    logLevel: 'silent',
    prettyErrors: false,
  })
}
