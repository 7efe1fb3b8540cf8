import { parse } from 'yaml'
import { textOf } from '../../support/pages.ts'
import type { Manifest } from './chart.ts'

interface Written {
  /** Values of the chart. */
  readonly values: Manifest
  /** A job of Prometheus. */
  readonly job: Manifest
}

/** What docs/metrics.md gives those who have no Prometheus Operator. */
export function writtenForAnnotations(): Written {
  const [, section = ''] = textOf('docs/metrics.md').split('### Without the Prometheus Operator\n')
  const blocks = section.matchAll(/```yaml\n([^`]*)```/g)
  const [values = '', config = ''] = Array.from(blocks, ([, text = '']) => text)
  return { values: parse(values), job: parse(config).scrape_configs[0] }
}
